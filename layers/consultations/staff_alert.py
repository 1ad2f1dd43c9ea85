"""The mail that tells staff about a new consultation: pure text, nothing is sent here."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape
from pathlib import Path
from string import Template
from typing import Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

from consultations.clinic import Clinic
from consultations.consultation import Consultation
from consultations.text import as_line, as_lines, without_links

AlertDetail = Literal["reference", "contact", "full"]
"""How much of a request its alert repeats: nothing, how to reach the person, or everything."""

_HTML = Template(Path(__file__).with_suffix(".html").read_text(encoding="utf-8"))

_CONTACT = {"call": "Call", "text": "Send a text message", "email": "Send an email"}
_BEST_TIME = {
    "morning": "In the morning",
    "afternoon": "In the afternoon",
    "evening": "In the evening",
    "any": "Any time",
    None: "Not said",
}
_VOICEMAIL = {
    True: "A message may mention the clinic",
    False: "Do not leave a message that mentions the clinic",
}
_TEXTING = {True: "Agreed to text messages", False: "Has not agreed to text messages"}
_LANGUAGE = {"en": "English", "es": "Spanish", None: "Not said"}
_INTEREST = {
    "depression": "Depression",
    "anxiety": "Anxiety",
    "ptsd": "PTSD",
    "other_mood": "Another mood disorder",
    "chronic_pain": "Chronic pain",
    "crps": "CRPS",
    "something_else": "Something else",
    "prefer_to_discuss": "Prefers to discuss it in person",
}
_REFERRAL_SOURCE = {
    "search": "Web search",
    "doctor_or_therapist": "Doctor or therapist",
    "friend_or_family": "Friend or family",
    "social_media": "Social media",
    "insurance": "Insurance",
    "other": "Other",
    None: "Not said",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """A mail ready to be sent: subject, the same facts as text and as HTML, extra headers."""

    subject: str
    text: str
    html: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of an alert: what it is about, what is said, and where a tap leads."""

    label: str
    value: str
    link: str | None = None


def staff_alert(
    consultation: Consultation, clinic: Clinic, *, detail: AlertDetail, sender_domain: str
) -> Email:
    """The alert for a consultation, with personal data only as far as `detail` allows.

    The subject, at most 60 characters, and the headers never hold any. A priority request says so
    there, not why.
    """
    location = clinic.location(consultation.location)
    title = "Priority request" if consultation.priority else "New consultation request"
    email = mail(
        title,
        location.name,
        consultation_facts(consultation, clinic, detail),
        clinic,
        detail=detail,
        preheader=f"Received {_local_time(consultation.received_at, location.time_zone)}",
        sender_domain=sender_domain,
    )
    return replace(
        email,
        subject=f"{email.subject} – {consultation.id}",
        headers={
            **email.headers,
            # SES sets Message-ID itself; a shared reference is what keeps a thread together.
            "References": f"<{consultation.id}@{sender_domain}>",
            "X-Correlation-Id": consultation.correlation_id,
        },
    )


def mail(
    title: str,
    location: str,
    facts: list[Fact],
    clinic: Clinic,
    *,
    detail: AlertDetail,
    preheader: str,
    sender_domain: str,
) -> Email:
    """A mail to staff: a title, which is its subject too, and facts."""
    heading = f"{title} – {location}" if location else title
    closing = _closing(clinic, detail)
    return Email(
        subject=heading,
        text=_text(heading, facts, closing),
        html=_HTML.substitute(
            title=title,
            preheader=escape(preheader),
            location=escape(location),
            rows="\n".join(map(_row, facts)),
            closing=escape(closing),
        ),
        headers={
            "Auto-Submitted": "auto-generated",  # RFC 3834: no vacation replies
            "X-Auto-Response-Suppress": "All",  # the same for Exchange
            "List-Id": f"<consultation-requests.{sender_domain}>",
        },
    )


def consultation_facts(
    consultation: Consultation, clinic: Clinic, detail: AlertDetail
) -> list[Fact]:
    """What is said of a consultation at this level, its time that of its location."""
    time_zone = clinic.location(consultation.location).time_zone
    facts = [
        Fact("Language", _LANGUAGE[consultation.language]),
        Fact("Reference", consultation.id),
        Fact("Received", _local_time(consultation.received_at, time_zone)),
    ]
    if consultation.priority:
        facts.append(
            Fact("Priority", "Read this request first: its wording asks for a person soon")
        )
    if detail == "reference":
        return facts
    if detail == "contact":
        return _contact_facts(consultation) + facts
    return _contact_facts(consultation) + _request_facts(consultation) + facts


def _contact_facts(consultation: Consultation) -> list[Fact]:
    facts = [
        Fact("Name", without_links(as_line(consultation.full_name))),
        Fact("How to reply", _CONTACT[consultation.preferred_contact]),
    ]
    if consultation.phone:
        phone = as_line(consultation.phone)
        facts.append(Fact("Phone", phone, link=f"tel:{consultation.phone_e164}"))
    if consultation.email:
        link = f"mailto:{quote(consultation.email, safe='@')}"
        facts.append(Fact("Email", as_line(consultation.email), link=link))
    facts.append(Fact("Best time", _BEST_TIME[consultation.best_time]))
    if consultation.phone:
        facts.append(Fact("Voicemail", _VOICEMAIL[consultation.may_leave_message]))
        facts.append(Fact("Texting", _TEXTING[consultation.consent_sms]))
    return facts


def _request_facts(consultation: Consultation) -> list[Fact]:
    interests = ", ".join(_INTEREST[interest] for interest in consultation.interests)
    return [
        Fact("Interested in", interests or "Not said"),
        Fact("Heard of us", _REFERRAL_SOURCE[consultation.referral_source]),
        Fact("Message", without_links(as_lines(consultation.message or "No message"))),
    ]


def _closing(clinic: Clinic, detail: AlertDetail) -> str:
    answers = f"An answer to this mail goes to {clinic.reply_to}, not to the person who wrote."
    if detail == "reference":
        return (
            "This alert holds no personal details. The request is kept under its reference. "
            + answers
        )
    return answers


def _text(heading: str, facts: list[Fact], closing: str) -> str:
    lines = [heading, ""]
    lines += [f"{fact.label}: {fact.value}" for fact in facts]
    return "\n".join([*lines, "", closing, ""])


def _row(fact: Fact) -> str:
    value = escape(fact.value).replace("\n", "<br>")
    if fact.link:
        value = f'<a href="{escape(fact.link)}" style="color:#0b5c82;">{value}</a>'
    cell = "padding:8px 0;border-top:1px solid #d5dde1;font-size:16px;line-height:24px;"
    return (
        f'<tr><td class="label soft rule" width="128" valign="top" style="{cell}color:#4c5a63;">'
        f"{escape(fact.label)}</td>"
        f'<td class="value ink rule" valign="top" style="{cell}color:#16222a;'
        f'overflow-wrap:anywhere;">{value}</td></tr>'
    )


def _local_time(time: datetime, time_zone: str) -> str:
    local = time.astimezone(ZoneInfo(time_zone))
    return f"{local:%A, %B} {local.day}, {local.year} at {local:%I:%M %p %Z}".replace(" 0", " ")
