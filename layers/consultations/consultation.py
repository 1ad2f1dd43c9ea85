"""A consultation: a request that was received, with what the clinic's side adds to it."""

import hashlib
import hmac
import json
import re
import unicodedata
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Self

from consultations import heartbeat
from consultations.clinic import Clinic, Wording
from consultations.consultation_request import FIELD_NAMES, ConsultationRequest
from consultations.contact_details import e164
from consultations.language import Language
from consultations.screening import Status, Verdict

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ID_CHARACTERS = 12
_ID_GROUP = 4

_ID = re.compile(f"[{_CROCKFORD}]{{4}}(?:-[{_CROCKFORD}]{{4}}){{2}}")

_STORED = tuple(FIELD_NAMES - {"submission_id", "homepage", "form_opened_at"})
_IN_FINGERPRINT = tuple(FIELD_NAMES - {"submission_id", "form_opened_at", "language"})
_STATEMENTS = tuple(statement.name for statement in fields(Wording))


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How many days a consultation is kept, by its status."""

    accepted: int
    quarantined: int

    def ends_at(self, status: Status, received_at: datetime) -> datetime:
        """When a consultation with this status may be deleted."""
        days = self.quarantined if status == "quarantined" else self.accepted
        return received_at + timedelta(days=days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consultation:
    """A stored request. Its attributes in the table have these names."""

    id: str
    received_at: datetime
    correlation_id: str
    status: Status
    reasons: tuple[str, ...]
    priority: bool
    fingerprint: str
    keep_until: datetime
    """When it may be deleted, unless its alert is still pending then."""
    email_digest: str | None
    phone_digest: str | None
    heartbeat: bool
    """Whether it is the deployment's own daily test, and nobody's request."""

    full_name: str
    preferred_contact: str
    phone: str | None
    phone_e164: str | None
    email: str | None
    may_leave_message: bool
    best_time: str | None
    location: str
    age_18_plus: bool
    interests: tuple[str, ...]
    referral_source: str | None
    message: str | None
    consent_to_contact: bool
    ack_not_emergency: bool
    consent_sms: bool
    language: Language | None
    """None in an item from before the form spoke several languages."""
    wording_versions: dict[str, str]

    @classmethod
    def received(
        cls,
        request: ConsultationRequest,
        verdict: Verdict,
        *,
        key: str | None,
        id_salt: str,
        received_at: datetime,
        correlation_id: str,
        clinic: Clinic,
        retention: Retention,
        is_heartbeat: bool = False,
    ) -> Self:
        """The consultation that this request becomes when it is received.

        `key` is what the client calls this submission. Without one (a bare form on some site) the
        same content on the same UTC day is the same submission.
        """
        fingerprint = _fingerprint(request)
        phone = e164(request.phone) if request.phone else None
        answers = {name: getattr(request, name) for name in _STORED}
        return cls(
            id=consultation_id(key or f"{fingerprint} {received_at:%Y-%m-%d}", id_salt),
            received_at=received_at,
            correlation_id=correlation_id,
            status=verdict.status,
            reasons=verdict.reasons,
            priority=verdict.priority,
            fingerprint=fingerprint,
            keep_until=received_at + heartbeat.KEPT_FOR
            if is_heartbeat
            else retention.ends_at(verdict.status, received_at),
            heartbeat=is_heartbeat,
            email_digest=request.email and email_digest(request.email, id_salt),
            phone_digest=phone and phone_digest(phone, id_salt),
            phone_e164=phone,
            wording_versions={
                statement: getattr(clinic.wording, statement).version for statement in _STATEMENTS
            },
            **answers,
        )


def consultation_id(key: str, salt: str) -> str:
    """The id of an idempotency key, like 7K2Q-XM4D-9TPA: 60 bits in Crockford's base32.

    The salt, known only inside the deployment, is why an id tells nothing about the content that a
    key may stand for: without it, who knows a name and a number could try out the rest.
    """
    digest = hmac.digest(salt.encode(), key.encode(), "sha256")
    bits = int.from_bytes(digest[:8], "big")
    characters = "".join(
        _CROCKFORD[bits >> (59 - 5 * position) & 31] for position in range(_ID_CHARACTERS)
    )
    return "-".join(
        characters[start : start + _ID_GROUP] for start in range(0, _ID_CHARACTERS, _ID_GROUP)
    )


def is_consultation_id(text: str) -> bool:
    """Whether this could be the id of a consultation."""
    return _ID.fullmatch(text) is not None


def email_digest(email: str, salt: str) -> str:
    """What requests with this address are found by: says nothing to who does not know the salt.

    The same for every way to write the letters of one address (RFC 5321 leaves the case of the
    local part to its host, but no host that people use tells them apart).
    """
    local, _, domain = unicodedata.normalize("NFKC", email).casefold().rpartition("@")
    return _digest(f"email {local}@{domain.encode('idna').decode('ascii')}", salt)


def phone_digest(phone_e164: str, salt: str) -> str:
    """What requests with this number (in E.164) are found by."""
    return _digest(f"phone {phone_e164}", salt)


def _digest(contact: str, salt: str) -> str:
    return hmac.digest(salt.encode(), contact.encode(), "sha256")[:16].hex()


_canonical = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


def _fingerprint(request: ConsultationRequest) -> str:
    """SHA-256 of what was answered, the same for the same answers in any encoding or language."""
    answers = {name: getattr(request, name) for name in _IN_FINGERPRINT}
    return hashlib.sha256(_canonical(answers).encode()).hexdigest()
