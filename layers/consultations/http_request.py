"""The HTTP request as API Gateway hands it over, read once."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from consultations.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request, its header names in lower case since they have none (RFC 9110 section 5.1)."""

    method: str
    resource: str
    """The path that the API knows it by, like /consultations, whatever stands before it."""
    headers: Mapping[str, str]
    correlation_id: str
    raw_body: str
    is_base64: bool

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> "HttpRequest":
        """The request in a REST API proxy event."""
        return cls(
            method=event["httpMethod"],
            resource=event["resource"],
            headers={name.lower(): value for name, value in (event["headers"] or {}).items()},
            correlation_id=event["requestContext"]["requestId"],
            raw_body=event.get("body") or "",
            is_base64=event.get("isBase64Encoded", False),
        )

    @property
    def body(self) -> bytes:
        """The bytes that were sent. Raises Problem 400 if the gateway's form of them is broken."""
        try:
            if self.is_base64:
                return base64.b64decode(self.raw_body, validate=True)
            return self.raw_body.encode()
        except (binascii.Error, UnicodeEncodeError):
            raise Problem.unreadable_body("The body could not be decoded") from None

    def header(self, name: str) -> str:
        """The value of a header, empty if it was not sent."""
        return self.headers.get(name, "").strip()

    @property
    def prefers_html(self) -> bool:
        """Whether the client would rather have a page than JSON (RFC 9110 section 12.5.1)."""
        weights = dict(map(_media_range, self.header("accept").split(",")))
        return weights.get("text/html", 0.0) > max(
            weights.get("application/json", 0.0), weights.get("application/problem+json", 0.0)
        )


def _media_range(text: str) -> tuple[str, float]:
    name, *parameters = (part.strip() for part in text.lower().split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return name, float(parameter[2:])
            except ValueError:
                return name, 0.0
    return name, 1.0
