"""Refusals as RFC 9457 problem details. None repeats a value that was sent."""

from collections.abc import Mapping
from typing import Self
from urllib.parse import quote

from consultations.consultation_request import MESSAGE_MAX_LENGTH
from consultations.field_errors import FieldError, InvalidFieldsError
from consultations.language import N_, Translate

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
        **values: object,
    ) -> None:
        """`title` and `detail` are English; `values` fill the placeholders of `detail`."""
        super().__init__(code)
        self.status = status
        self.code = code
        self.errors = errors or []
        self.headers = dict(headers or {})
        self._title = title
        self._detail = detail
        self._values = values

    def title(self, translate: Translate) -> str:
        """What went wrong."""
        return translate(self._title)

    def detail(self, translate: Translate) -> str:
        """What the sender can do."""
        return translate(self._detail).format(**self._values)

    def document(self, correlation_id: str, translate: Translate) -> dict[str, object]:
        """The problem document. `code` and the codes of `errors` are stable, sentences are not."""
        document: dict[str, object] = {
            "type": f"urn:problem-type:consultations:{self.code}",
            "title": self.title(translate),
            "status": self.status,
            "detail": self.detail(translate),
            "code": self.code,
            "correlation_id": correlation_id,
        }
        if self.errors:
            document["errors"] = [
                {
                    "pointer": _pointer(error.field),
                    "code": error.code,
                    "detail": error.detail(translate),
                }
                for error in self.errors
            ]
        return document

    @classmethod
    def unreadable_body(cls, reason: str, *, limit: int = 0) -> Self:
        """400: the body is not what its content type says, or has more fields than `limit`."""
        title = N_("The body could not be read")
        return cls(400, "unreadable_body", title, reason, limit=limit)

    @classmethod
    def invalid_key(cls) -> Self:
        """400: the Idempotency-Key header is malformed, or contradicts submission_id."""
        return cls(
            400,
            "invalid_idempotency_key",
            N_("The Idempotency-Key can't be used"),
            N_("Send one UUID as Idempotency-Key, the same as submission_id if both are sent."),
        )

    @classmethod
    def origin_not_allowed(cls) -> Self:
        """403: a browser says that the form stands on a site this deployment does not know."""
        return cls(
            403,
            "origin_not_allowed",
            N_("This site may not send requests"),
            N_("Add the site's origin to the AllowedOrigins parameter and deploy again."),
        )

    @classmethod
    def not_found(cls) -> Self:
        """404: nothing has this address."""
        return cls(
            404,
            "not_found",
            N_("There is nothing here"),
            N_("Send requests as POST to /consultations."),
        )

    @classmethod
    def method_not_allowed(cls, methods: str) -> Self:
        """405 with Allow (RFC 9110 section 15.5.6)."""
        return cls(
            405,
            "method_not_allowed",
            N_("This method is not supported"),
            N_("Use one of {methods}."),
            headers={"Allow": methods},
            methods=methods,
        )

    @classmethod
    def too_large(cls) -> Self:
        """413: more than the limit, whatever is in it."""
        return cls(
            413,
            "body_too_large",
            N_("The request is too large"),
            N_("Send at most {bytes} bytes. A message may have {limit} characters."),
            bytes=f"{BODY_MAX_BYTES:,}",
            limit=f"{MESSAGE_MAX_LENGTH:,}",
        )

    @classmethod
    def unsupported_media_type(cls, reason: str) -> Self:
        """415 with Accept (RFC 9110 section 15.5.16)."""
        return cls(
            415,
            "unsupported_media_type",
            N_("This kind of body is not supported"),
            reason,
            headers={"Accept": MEDIA_TYPES},
            media_types=MEDIA_TYPES,
        )

    @classmethod
    def invalid_fields(cls, error: InvalidFieldsError) -> Self:
        """422 with every field that has to change."""
        count = len(error.errors)
        return cls(
            422,
            "invalid_fields",
            N_("There is a problem with the form"),
            N_("Correct one field.") if count == 1 else N_("Correct {count} fields."),
            errors=error.errors,
            count=count,
        )

    @classmethod
    def key_reused(cls) -> Self:
        """422: this key already belongs to a request with other content, which is not shown."""
        return cls(
            422,
            "idempotency_key_reused",
            N_("This form was already sent"),
            N_(
                "It was sent with other answers, and the clinic has that request. "
                "To send another one, open the form again."
            ),
        )

    @classmethod
    def not_stored(cls) -> Self:
        """503: nobody can say that the request is stored, so it is not called received."""
        return cls(
            503,
            "not_stored",
            N_("Your request could not be saved just now"),
            N_("Send it again in a moment. Sending it twice does no harm: it is kept once."),
            headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
        )

    @classmethod
    def internal_error(cls) -> Self:
        """500: a fault of ours that nobody foresaw."""
        return cls(
            500,
            "internal_error",
            N_("Something went wrong on our side"),
            N_("Send it again in a moment. If that does not help, call the clinic."),
        )


def _pointer(field: str) -> str:
    """The field as a JSON pointer in a URI fragment (RFC 6901 section 6)."""
    token = field.replace("~", "~0").replace("/", "~1")
    return f"#/{quote(token, safe='~')}" if field else "#"
