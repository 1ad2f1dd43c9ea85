"""What a person is told happens after a request was received."""

from collections.abc import Mapping
from typing import get_args

from consultations.clinic import Clinic
from consultations.consultation_request import PreferredContact
from consultations.crisis import crisis_text
from consultations.language import N_, Language, translation

_ANSWER: Mapping[PreferredContact, str] = {
    "call": N_("{clinic} will call you within {replies_within}."),
    "text": N_("{clinic} will send you a text message within {replies_within}."),
    "email": N_("{clinic} will send you an email within {replies_within}."),
}
_SOONER = N_("To reach the clinic before that, call {phone} ({hours}).")

CONTACTS: tuple[PreferredContact, ...] = get_args(PreferredContact)


def clinic_answers(contact: PreferredContact, clinic: Clinic, language: Language) -> str:
    """How and by when the clinic answers."""
    return translation(language)(_ANSWER[contact]).format(
        clinic=clinic.name, replies_within=clinic.replies_within[language]
    )


def next_steps(contact: PreferredContact, location: str, clinic: Clinic, language: Language) -> str:
    """How and when the clinic answers, how to reach it before, and where to find help at once."""
    translate = translation(language)
    sooner = translate(_SOONER).format(
        phone=clinic.phone, hours=clinic.location(location).hours[language]
    )
    return f"{clinic_answers(contact, clinic, language)} {sooner} {crisis_text(translate)}"
