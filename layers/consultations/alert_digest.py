"""The mails about several requests at once: pure text, nothing is sent here."""

from collections.abc import Sequence
from datetime import datetime

from consultations.clinic import Clinic
from consultations.consultation import Consultation
from consultations.staff_alert import AlertDetail, Email, Fact, consultation_facts, mail

NAMED_MAX = 100
"""How many references a summary names."""


def alert_digest(
    consultations: Sequence[Consultation],
    clinic: Clinic,
    *,
    location: str,
    detail: AlertDetail,
    sender_domain: str,
) -> Email:
    """One alert for all of these consultations of a location, the urgent ones first.

    It says of each what its own alert would have said. The subject has at most 60 characters.
    """
    ordered = sorted(consultations, key=lambda each: (not each.priority, each.received_at))
    count = len(ordered)
    facts = [
        fact
        for number, consultation in enumerate(ordered, start=1)
        for fact in (
            Fact("Request", f"{number} of {count}"),
            *consultation_facts(consultation, clinic, detail),
        )
    ]
    urgent = "Priority: " if any(each.priority for each in ordered) else ""
    return mail(
        f"{urgent}{count} {'request' if count == 1 else 'requests'} in one alert",
        clinic.location(location).name,
        facts,
        clinic,
        detail=detail,
        preheader="More requests came within an hour than are alerted one by one",
        sender_domain=sender_domain,
    )


def held_summary(
    held: Sequence[tuple[str, datetime]], clinic: Clinic, *, sender_domain: str
) -> Email:
    """The daily mail about requests that were held back as spam: how many, and their references."""
    count = len(held)
    named = [
        Fact(id_, f"{received_at:%Y-%m-%d %H:%M} UTC") for id_, received_at in held[:NAMED_MAX]
    ]
    if count > NAMED_MAX:
        named.append(Fact("And", f"{count - NAMED_MAX} more"))
    noun = "request was" if count == 1 else "requests were"
    return mail(
        f"{count} {noun} held back as spam",
        "",
        [
            *named,
            Fact("Release one", "Ask the engineer, with its reference: it is alerted as if new"),
        ],
        clinic,
        detail="reference",
        preheader="Nothing was deleted; each is kept for a while",
        sender_domain=sender_domain,
    )
