"""Refusals as RFC 9457 problem details. None repeats a value that was sent."""

from collections.abc import Mapping
from typing import Self
from urllib.parse import quote

from consultations.field_errors import FieldError, InvalidFieldsError

MEDIA_TYPES = "application/json, application/x-www-form-urlencoded, multipart/form-data"
BODY_MAX_BYTES = 16 * 1024
RETRY_AFTER_SECONDS = 5


class Problem(Exception):  # noqa: N818 - RFC 9457's own word for it
    """A request that is refused, and what its sender can do about it."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str,
        *,
        errors: list[FieldError] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.errors = errors or []
        self.headers = dict(headers or {})

    def document(self, correlation_id: str) -> dict[str, object]:
        """The problem document. `code` and the codes of `errors` are stable, sentences are not."""
        document: dict[str, object] = {
            "type": f"urn:problem-type:consultations:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "correlation_id": correlation_id,
        }
        if self.errors:
            document["errors"] = [
                {
                    "pointer": _pointer(error.field),
                    "code": error.code,
                    "detail": error.detail,
                }
                for error in self.errors
            ]
        return document

    @classmethod
    def unreadable_body(cls, reason: str) -> Self:
        """400: the body is not what its content type says."""
        return cls(400, "unreadable_body", "The body could not be read", f"{reason}.")

    @classmethod
    def invalid_key(cls) -> Self:
        """400: the Idempotency-Key header is malformed, or contradicts submission_id."""
        return cls(
            400,
            "invalid_idempotency_key",
            "The Idempotency-Key can't be used",
            "Send one UUID as Idempotency-Key, the same as submission_id if both are sent.",
        )

    @classmethod
    def origin_not_allowed(cls) -> Self:
        """403: a browser says that the form stands on a site this deployment does not know."""
        return cls(
            403,
            "origin_not_allowed",
            "This site may not send requests",
            "Add the site's origin to the AllowedOrigins parameter and deploy again.",
        )

    @classmethod
    def method_not_allowed(cls, methods: str) -> Self:
        """405 with Allow (RFC 9110 section 15.5.6)."""
        return cls(
            405,
            "method_not_allowed",
            "This method is not supported",
            f"Use one of {methods}.",
            headers={"Allow": methods},
        )

    @classmethod
    def too_large(cls) -> Self:
        """413: more than the limit, whatever is in it."""
        return cls(
            413,
            "body_too_large",
            "The request is too large",
            f"Send at most {BODY_MAX_BYTES:,} bytes. A message may have 2,000 characters.",
        )

    @classmethod
    def unsupported_media_type(cls, reason: str) -> Self:
        """415 with Accept (RFC 9110 section 15.5.16)."""
        return cls(
            415,
            "unsupported_media_type",
            "This kind of body is not supported",
            f"{reason}. Send one of {MEDIA_TYPES}, without Content-Encoding.",
            headers={"Accept": MEDIA_TYPES},
        )

    @classmethod
    def invalid_fields(cls, error: InvalidFieldsError) -> Self:
        """422 with every field that has to change."""
        count = len(error.errors)
        return cls(
            422,
            "invalid_fields",
            "There is a problem with the form",
            "Correct one field." if count == 1 else f"Correct {count} fields.",
            errors=error.errors,
        )

    @classmethod
    def key_reused(cls) -> Self:
        """422: this key already belongs to a request with other content, which is not shown."""
        return cls(
            422,
            "idempotency_key_reused",
            "This form was already sent",
            "A different request was already sent under the same key. "
            "To send another one, open the form again.",
        )

    @classmethod
    def not_stored(cls) -> Self:
        """503: nobody can say that the request is stored, so it is not called received."""
        return cls(
            503,
            "not_stored",
            "Your request could not be saved just now",
            "Send it again in a moment. Sending it twice does no harm: it is kept once.",
            headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
        )

    @classmethod
    def internal_error(cls) -> Self:
        """500: a fault of ours that nobody foresaw."""
        return cls(
            500,
            "internal_error",
            "Something went wrong on our side",
            "Send it again in a moment. If that does not help, call the clinic.",
        )


def _pointer(field: str) -> str:
    """The field as a JSON pointer in a URI fragment (RFC 6901 section 6)."""
    token = field.replace("~", "~0").replace("/", "~1")
    return f"#/{quote(token, safe='~')}" if field else "#"
