"""What a person is told happens after a request was received."""

from consultations.clinic import Clinic
from consultations.consultation_request import ConsultationRequest

_WAYS = {
    "call": "call you",
    "text": "send you a text message",
    "email": "send you an email",
}


def next_steps(request: ConsultationRequest, clinic: Clinic) -> str:
    """How and when the clinic answers, and how to reach it before."""
    location = clinic.location(request.location)
    return (
        f"{clinic.name} will {_WAYS[request.preferred_contact]} within {clinic.replies_within}. "
        f"To reach the clinic before that, call {clinic.phone} ({location.hours}). "
        "In an emergency call 911 or go to an emergency room. "
        "If you are thinking about harming yourself, call or text 988, or chat at 988lifeline.org; "
        "veterans press 1."
    )
