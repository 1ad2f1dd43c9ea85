"""What a person asks for: the fields of the form and the rule of each."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, cast

from pydantic_core import PydanticCustomError, ValidationError

from consultations.clinic import NOT_SURE, Clinic
from consultations.contact_details import (
    EMAIL_MAX_LENGTH,
    PHONE_MAX_LENGTH,
    e164,
    email_address,
)
from consultations.field_errors import InvalidFieldsError, field_error
from consultations.language import Language
from consultations.rules import After, AfterWithInfo, Before, Limited
from consultations.text import is_blank, length
from consultations.validator import validator

if TYPE_CHECKING:
    from pydantic_core.core_schema import ValidationInfo

FULL_NAME_MAX_LENGTH = 200
MESSAGE_MAX_LENGTH = 2000

PreferredContact = Literal["call", "text", "email"]
BestTime = Literal["morning", "afternoon", "evening", "any"]
Interest = Literal[
    "depression",
    "anxiety",
    "ptsd",
    "other_mood",
    "chronic_pain",
    "crps",
    "something_else",
    "prefer_to_discuss",
]
ReferralSource = Literal[
    "search", "doctor_or_therapist", "friend_or_family", "social_media", "insurance", "other"
]

TIME_PATTERN = (
    r"^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?"
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
"""RFC 3339 section 5.6, in the years that a clock can show."""

_TRUE = frozenset({"true", "on", "yes", "1"})
_FALSE = frozenset({"false", "off", "no", "0", ""})
_TIME = re.compile(TIME_PATTERN)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def submission_key(typed: str) -> str | None:
    """The canonical form of a UUID (RFC 9562 section 4), or None if it is not one."""
    return typed.lower() if _UUID.fullmatch(typed) else None


def checkbox(value: object) -> object:
    """What an HTML checkbox or radio button sends, as a boolean; anything else as it is."""
    if isinstance(value, str):
        word = value.strip().lower()
        return True if word in _TRUE else False if word in _FALSE else value
    return value


def _one_or_several(value: object) -> object:
    """A single ticked box arrives as a string when a site turns its form into JSON."""
    return [value] if isinstance(value, str) else value


def _each_once(values: tuple[Interest, ...]) -> tuple[Interest, ...]:
    return tuple(dict.fromkeys(values))


def _full_name(typed: str) -> str:
    return _at_most(FULL_NAME_MAX_LENGTH, typed)


def _message(typed: str) -> str:
    return _at_most(MESSAGE_MAX_LENGTH, typed)


def _at_most(limit: int, typed: str) -> str:
    if (actual := length(typed)) > limit:
        raise PydanticCustomError("too_long", "too long", {"limit": limit, "actual": actual})
    return typed


def _phone(typed: str | None, info: "ValidationInfo") -> str | None:
    if typed is None:
        if info.data.get("preferred_contact") in ("call", "text"):
            raise PydanticCustomError("missing", "missing")
        return None
    if len(typed) > PHONE_MAX_LENGTH:
        raise PydanticCustomError("too_long", "too long", {"limit": PHONE_MAX_LENGTH})
    if e164(typed) is None:
        raise PydanticCustomError("not_a_phone_number", "not a phone number")
    return typed


def _email(typed: str | None, info: "ValidationInfo") -> str | None:
    if typed is None:
        if info.data.get("preferred_contact") == "email":
            raise PydanticCustomError("missing", "missing")
        return None
    if len(typed) > EMAIL_MAX_LENGTH:
        raise PydanticCustomError("too_long", "too long", {"limit": EMAIL_MAX_LENGTH})
    address = email_address(typed)
    if address is None:
        raise PydanticCustomError("not_an_email_address", "not an e-mail address")
    return address


def _location(key: str, info: "ValidationInfo") -> str:
    clinic = cast(Clinic, info.context)
    if key != NOT_SURE and key not in clinic.locations:
        raise PydanticCustomError("not_a_choice", "not a choice")
    return key


def _adult(answer: bool) -> bool:  # noqa: FBT001 - pydantic calls it so
    if not answer:
        raise PydanticCustomError("under_18", "under 18")
    return answer


def _accepted(answer: bool) -> bool:  # noqa: FBT001 - pydantic calls it so
    if not answer:
        raise PydanticCustomError("not_accepted", "not accepted")
    return answer


def _submission_id(typed: str) -> str:
    key = submission_key(typed)
    if key is None:
        raise PydanticCustomError("not_a_uuid", "not a UUID")
    return key


def _time(value: object) -> object:
    """Only a written time; pydantic would take any number for seconds since 1970."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise PydanticCustomError("not_a_time", "not a time")
    return value


Text = Annotated[str, Limited(strict=True)]
Choice = Annotated[bool, Limited(strict=True), Before(checkbox)]
Moment = Annotated[datetime, Limited(tz_constraint="aware")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultationRequest:
    """A valid request for a consultation, as the person typed it.

    `phone` and `email` are checked after `preferred_contact`, which decides what is required.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    full_name: Annotated[Text, After(_full_name)]
    preferred_contact: PreferredContact
    phone: Annotated[Text | None, AfterWithInfo(_phone)] = None
    email: Annotated[Text | None, AfterWithInfo(_email)] = None
    may_leave_message: Choice = False
    best_time: BestTime | None = None
    location: Annotated[Text, AfterWithInfo(_location)]
    age_18_plus: Annotated[Choice, After(_adult)]
    interests: Annotated[tuple[Interest, ...], Before(_one_or_several), After(_each_once)] = ()
    referral_source: ReferralSource | None = None
    message: Annotated[Text, After(_message)] | None = None
    consent_to_contact: Annotated[Choice, After(_accepted)]
    ack_not_emergency: Annotated[Choice, After(_accepted)]
    consent_sms: Choice = False
    language: Language = "en"
    """The language of the form that the person filled in, and of the answer that they expect."""
    homepage: Annotated[Text, After(_message)] | None = None
    """The honeypot: hidden from people, filled in by programs."""
    submission_id: Annotated[Text, After(_submission_id)] | None = None
    form_opened_at: Annotated[Moment, Before(_time)] | None = None


FIELD_NAMES = frozenset(field.name for field in fields(ConsultationRequest))
REPEATABLE_FIELDS = frozenset({"interests"})


def consultation_request(given: Mapping[str, object], clinic: Clinic) -> ConsultationRequest:
    """The request in these fields. Raises InvalidFieldsError with every mistake at once.

    A known field that shows nothing (null, empty, spaces) counts as not given, since a browser
    sends every text box of a form, empty or not.
    """
    answered: dict[str, object] = {"phone": None, "email": None}  # asked for even if not sent
    answered |= {
        name: value
        for name, value in given.items()
        if name not in FIELD_NAMES or not (value is None or _shows_nothing(value))
    }
    try:
        request: ConsultationRequest = validator().validate_python(answered, context=clinic)
    except ValidationError as error:
        # The error holds what the person typed: `from None` keeps it out of every traceback.
        mistakes = error.errors(include_url=False, include_input=False)
    else:
        return request
    raise InvalidFieldsError([field_error(mistake) for mistake in mistakes]) from None


def _shows_nothing(value: object) -> bool:
    return isinstance(value, str) and is_blank(value)
