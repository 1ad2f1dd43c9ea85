"""The HTTP request as API Gateway hands it over, read once."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from consultations.language import LANGUAGES, N_, Language
from consultations.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request, its header names in lower case since they have none (RFC 9110 section 5.1)."""

    method: str
    resource: str
    """The path that the API knows it by, like /received, whatever stands before it in the URL."""
    url_path: str
    """The path of the URL: behind the stage, or behind the base path of a domain of the clinic."""
    path_parameters: Mapping[str, str]
    query: Mapping[str, str]
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
            url_path=event["requestContext"]["path"],
            path_parameters=event["pathParameters"] or {},
            query=event["queryStringParameters"] or {},
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
            raise Problem.unreadable_body(N_("The body could not be decoded.")) from None

    def header(self, name: str) -> str:
        """The value of a header, empty if it was not sent."""
        return self.headers.get(name, "").strip()

    @property
    def prefers_html(self) -> bool:
        """Whether the client would rather have a page than JSON (RFC 9110 section 12.5.1)."""
        weights = _weights(self.header("accept"))
        return weights.get("text/html", 0.0) > max(
            weights.get("application/json", 0.0), weights.get("application/problem+json", 0.0)
        )

    @property
    def language(self) -> Language:
        """The language of the answer: what the site asks for with ?lang=, or the browser."""
        wanted = _weights(self.header("accept-language"))
        by_weight = sorted(wanted, key=lambda tag: wanted[tag], reverse=True)
        tags = [self.query.get("lang", ""), *(tag for tag in by_weight if wanted[tag] > 0)]
        for tag in tags:
            for language in LANGUAGES:
                if tag.lower().partition("-")[0] == language:
                    return language
        return LANGUAGES[0]

    @property
    def ancestors(self) -> int:
        """How many folders the URL is below the API's root; -1 for the root without its slash."""
        path = self.resource.strip("/").format_map(
            {f"{name}+": value for name, value in self.path_parameters.items()}
        )
        below = _segments(path)
        return self.url_path.count("/") - (_segments(self.url_path) - below) - 1

    @property
    def root(self) -> str:
        """The API's root as a relative reference, right behind any stage, base path or proxy."""
        return "../" * self.ancestors or "./"


def _segments(path: str) -> int:
    return sum(bool(segment) for segment in path.split("/"))


def _weights(header: str) -> dict[str, float]:
    """The choices in an Accept header with the weight of each, in the order they were sent."""
    return dict(map(_choice, header.split(",")))


def _choice(text: str) -> tuple[str, float]:
    name, *parameters = (part.strip() for part in text.lower().split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return name, float(parameter[2:])
            except ValueError:
                return name, 0.0
    return name, 1.0
