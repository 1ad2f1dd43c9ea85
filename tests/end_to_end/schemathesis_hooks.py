"""What Schemathesis can't know of the API: the two formats, and that a key names one submission."""

from typing import Any
from uuid import uuid4

import schemathesis
from hypothesis import strategies as st

from consultations.consultation_request import submission_key
from consultations.contact_details import e164, email_address
from consultations.text import is_blank

FORMATS = (("phone", e164, "480-555-0123"), ("email", email_address, "ana@example.com"))
PHONES = ("(480) 555-0123", "480.555.0123", "+1-480-555-0123", "480-555-0123 ext 5")

schemathesis.openapi.format(
    "phone",
    st.builds(
        lambda notation, line: notation.replace("0123", f"01{line:02}"),
        st.sampled_from(PHONES),
        st.integers(0, 99),
    ),
)
schemathesis.openapi.format(
    "email",
    st.from_regex(
        r"[a-z0-9]([a-z0-9_+'-]|\.[a-z0-9]){0,20}@[a-z0-9]{1,20}\.example", fullmatch=True
    ),
)


@schemathesis.hook
def map_case(_context: object, case: Any) -> Any:  # noqa: ANN401 - as Schemathesis calls it
    """Make valid what is meant to be valid but that no schema can say.

    A format is a mere remark where the tool combines boundary values, so a phone number or an
    address that could not work becomes one that does. Every submission gets a key of its own, the
    same in both places: a key that comes again with other content is refused, and that has tests
    of its own.
    """
    body = case.body if isinstance(case.body, dict) else {}
    headers = case.headers or {}
    key = str(uuid4())
    if _is_key(body.get("submission_id")):
        body["submission_id"] = key
    header = headers.get("Idempotency-Key")
    if _is_key(header) or _is_quoted_key(header):
        headers["Idempotency-Key"] = key
    if case.meta.generation.mode.is_positive:
        for name, works, example in FORMATS:
            typed = body.get(name)
            if isinstance(typed, str) and not is_blank(typed) and works(typed) is None:
                body[name] = example
    return case


def _is_quoted_key(value: object) -> bool:
    return isinstance(value, str) and value == f'"{value[1:-1]}"' and _is_key(value[1:-1])


def _is_key(value: object) -> bool:
    return isinstance(value, str) and submission_key(value) is not None
