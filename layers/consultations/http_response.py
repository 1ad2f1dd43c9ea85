"""The answers of the API, with the headers that each of them carries."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from consultations.http_request import HttpRequest
from consultations.language import translation
from consultations.problem import Problem

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""On every answer; template.yaml repeats them for the answers that the gateway makes itself."""

POST_METHODS = "OPTIONS, POST"
REQUEST_HEADERS = "Accept, Content-Type, Idempotency-Key"
EXPOSED_HEADERS = "Idempotent-Replayed, Location, Retry-After, X-Correlation-Id"
PREFLIGHT_SECONDS = 600
SCRIPT_SECONDS = 3600

DESCRIPTION_FILE = Path(__file__).with_name("openapi.json")
"""The OpenAPI document that api/description.py makes of the models."""


_as_json = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """An answer before it is handed to API Gateway."""

    status: int
    headers: Mapping[str, str]
    body: str = ""

    @classmethod
    def json(cls, status: int, document: Mapping[str, object], **headers: str) -> Self:
        """A JSON document."""
        return cls(
            status=status,
            headers={"Content-Type": "application/json", **headers},
            body=_as_json(document),
        )

    @classmethod
    def file(cls, path: Path, media_type: str) -> Self:
        """A file of this package, the same for everyone, which may be kept for an hour."""
        return cls(
            status=200,
            headers={"Content-Type": media_type, "Cache-Control": "public, max-age=3600"},
            body=path.read_text(encoding="utf-8"),
        )

    @classmethod
    def html(
        cls, status: int, page: str, content_security_policy: str, headers: Mapping[str, str]
    ) -> Self:
        """A page. Its own posts say where they come from, other sites are told nothing."""
        return cls(
            status=status,
            headers={
                "Content-Type": "text/html; charset=utf-8",
                "Content-Security-Policy": content_security_policy,
                "Referrer-Policy": "same-origin",
                **headers,
            },
            body=page,
        )

    @classmethod
    def script(cls, source: str, etag: str) -> Self:
        """The form's script, the same for every site, which browsers keep for an hour."""
        return cls(
            status=200,
            headers={
                "Content-Type": "text/javascript; charset=utf-8",
                "Access-Control-Allow-Origin": "*",  # integrity is only checked with CORS
                "Cache-Control": f"public, max-age={SCRIPT_SECONDS}",
                "Cross-Origin-Resource-Policy": "cross-origin",
                "ETag": etag,
                "Vary": "Accept-Encoding",
            },
            body=source,
        )

    @classmethod
    def moved(cls, location: str) -> Self:
        """308: the same request at `location` (RFC 9110 section 15.4.9)."""
        return cls(status=308, headers={"Location": location})

    @classmethod
    def see_other(cls, location: str) -> Self:
        """303: the browser fetches `location`, it does not post again (RFC 9110 section 15.4.4)."""
        return cls(status=303, headers={"Location": location})

    @classmethod
    def preflight(cls) -> Self:
        """204 to a CORS preflight (WHATWG Fetch, section CORS protocol)."""
        return cls(
            status=204,
            headers={
                "Access-Control-Allow-Methods": POST_METHODS,
                "Access-Control-Allow-Headers": REQUEST_HEADERS,
                "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
            },
        )

    @classmethod
    def problem(cls, problem: Problem, request: HttpRequest) -> Self:
        """A refusal as application/problem+json."""
        document = problem.document(request.correlation_id, translation(request.language))
        return cls(
            status=problem.status,
            headers={"Content-Type": "application/problem+json", **problem.headers},
            body=_as_json(document),
        )

    def not_modified(self) -> Self:
        """304: what the browser has is still this answer (RFC 9110 section 15.4.5)."""
        return replace(self, status=304, body="")

    def with_header(self, name: str, value: str) -> Self:
        """The same answer with one more header."""
        return replace(self, headers={**self.headers, name: value})

    def to_gateway(self, request: HttpRequest, allowed_origins: Collection[str]) -> dict[str, Any]:
        """The REST API proxy result: with security headers, correlation id and CORS."""
        return {
            "statusCode": self.status,
            "headers": {
                **SECURITY_HEADERS,
                **_cors(request, allowed_origins),
                **self.headers,
                "X-Correlation-Id": request.correlation_id,
            },
            "body": self.body,
            "isBase64Encoded": False,
        }


def refuse_unknown_origin(request: HttpRequest, allowed_origins: Collection[str]) -> None:
    """Raises Problem 403 if a browser says that another site than the allowed ones sent this.

    A request without Origin does not come from a page's script or form, and our own pages are
    ours whatever address they are reached at: the browser says so, and where it is too old to, the
    Host that it was sent to does.
    """
    origin = request.header("origin")
    host = request.header("host")
    ours = request.header("sec-fetch-site") == "same-origin" or origin in (
        f"https://{host}",
        f"http://{host}",
    )
    if origin and origin not in allowed_origins and not ours:
        raise Problem.origin_not_allowed()


def _cors(request: HttpRequest, allowed_origins: Collection[str]) -> dict[str, str]:
    """CORS for exactly the allowed origins; caches keep the answers for each origin apart."""
    origin = request.header("origin")
    if origin not in allowed_origins:
        return {"Vary": "Origin"}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": EXPOSED_HEADERS,
        "Vary": "Origin",
    }
