"""What is wrong with a field, in a stable code for programs and a sentence for the person."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from consultations.language import N_, Translate


@dataclass(frozen=True, slots=True)
class FieldError:
    """One mistake in one field."""

    field: str
    code: str
    sentence: str
    values: Mapping[str, str]

    def detail(self, translate: Translate) -> str:
        """What to do about it, in the language of `translate`."""
        return translate(self.sentence).format(**self.values)


class InvalidFieldsError(Exception):
    """The form has mistakes, each with its field. Holds nothing that was typed."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__(f"{len(errors)} invalid fields")
        self.errors = errors


_CODES = {
    "missing": "missing",
    "literal_error": "not_a_choice",
    "unexpected_keyword_argument": "unknown_field",
    "too_long": "too_long",
    "not_a_choice": "not_a_choice",
    "not_a_phone_number": "not_a_phone_number",
    "not_an_email_address": "not_an_email_address",
    "not_a_uuid": "not_a_uuid",
    "under_18": "under_18",
    "not_accepted": "not_accepted",
    "not_a_time": "not_a_time",
    "datetime_parsing": "not_a_time",
    "datetime_from_date_parsing": "not_a_time",
}
"""Pydantic's error types, and our own, to the codes that the API promises."""

_WRONG_TYPE = "wrong_type"

_CONFIRM_AGE = N_("Confirm that you are 18 or older")
_CONFIRM_CONSENT = N_("Confirm that the clinic may contact you about your request")
_CONFIRM_NOT_EMERGENCY = N_("Confirm that you understand this form is not for emergencies")

_SENTENCES = {
    ("full_name", "missing"): N_("Enter your name"),
    ("full_name", "too_long"): N_("Enter a name of {limit} characters or fewer"),
    ("preferred_contact", "missing"): N_("Choose how the clinic should contact you"),
    ("preferred_contact", "not_a_choice"): N_("Choose a call, a text message or an email"),
    ("phone", "missing"): N_("Enter the phone number where the clinic can reach you"),
    ("phone", "too_long"): N_("Enter a phone number of {limit} characters or fewer"),
    ("phone", "not_a_phone_number"): N_(
        "Enter a phone number with its area code, like 480-555-0100"
    ),
    ("email", "missing"): N_("Enter the email address where the clinic can reach you"),
    ("email", "too_long"): N_("Enter an email address of {limit} characters or fewer"),
    ("email", "not_an_email_address"): N_("Enter an email address like name@example.com"),
    ("best_time", "not_a_choice"): N_("Choose morning, afternoon, evening or any time"),
    ("language", "not_a_choice"): N_("Send en or es, or leave language out"),
    ("location", "missing"): N_("Choose a location, or “not sure”"),
    ("location", "not_a_choice"): N_("Choose one of the clinic’s locations, or “not sure”"),
    ("age_18_plus", "missing"): _CONFIRM_AGE,
    ("age_18_plus", "under_18"): N_(
        "Consultations are for people who are 18 or older. "
        "For someone younger, ask a pediatrician or family doctor about care"
    ),
    ("interests", "not_a_choice"): N_("Choose only from the listed interests"),
    ("referral_source", "not_a_choice"): N_("Choose one of the listed answers"),
    ("message", "too_long"): N_("Shorten your message to {limit} characters; it has {actual}"),
    ("consent_to_contact", "missing"): _CONFIRM_CONSENT,
    ("consent_to_contact", "not_accepted"): _CONFIRM_CONSENT,
    ("ack_not_emergency", "missing"): _CONFIRM_NOT_EMERGENCY,
    ("ack_not_emergency", "not_accepted"): _CONFIRM_NOT_EMERGENCY,
    ("submission_id", "not_a_uuid"): N_("Send a UUID, or leave submission_id out"),
    ("form_opened_at", "not_a_time"): N_(
        "Send a time with its offset, like 2026-01-31T09:30:00Z, or leave form_opened_at out"
    ),
}

_SENTENCES_FOR_ANY_FIELD = {
    "missing": N_("Answer this question"),
    "too_long": N_("Shorten this to {limit} characters"),
    "not_a_choice": N_("Choose one of the listed answers"),
    "unknown_field": N_("Remove this field: the form does not have it"),
    _WRONG_TYPE: N_("Send this field in the type that the form describes"),
}


def field_error(mistake: Mapping[str, Any]) -> FieldError:
    """The field error for one of pydantic's."""
    field = str(mistake["loc"][0]) if mistake["loc"] else ""
    code = _CODES.get(mistake["type"], _WRONG_TYPE)
    numbers = {
        name: f"{number:,}"
        for name, number in mistake.get("ctx", {}).items()
        if isinstance(number, int)
    }
    sentence = _SENTENCES.get((field, code)) or _SENTENCES_FOR_ANY_FIELD[code]
    return FieldError(field, code, sentence, numbers)


def file_not_accepted(field: str) -> FieldError:
    """The field error for a file, which the form never asks for."""
    sentence = N_("Remove this file: the clinic takes no files through this form")
    return FieldError(field, "file_not_accepted", sentence, {})
