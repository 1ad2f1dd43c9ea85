"""Alerting staff about one consultation: claim, compose, send, mark."""

import os
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Literal, Self, cast

from consultations.alert_digest import alert_digest, held_summary
from consultations.aws import dynamodb_client, sesv2_client, sqs_client
from consultations.clinic import Clinic, load_clinic
from consultations.consultation import Consultation
from consultations.dead_letters import DeadLetters
from consultations.mailer import Mailer, NotSentError, SendFault
from consultations.repository import ClaimedAlert, ConsultationRepository
from consultations.staff_alert import AlertDetail, consultation_facts, staff_alert

LONGEST_DELIVERY = timedelta(seconds=80)
"""How long one delivery can take, with all tries of all calls: claim 12 s, two mails of 24 s each,
a letter 7 s, mark 12 s.

A function that has less time left does not begin another one.
"""

LEASE = timedelta(minutes=2)
"""How long a claim holds: well over LONGEST_DELIVERY, so that it never runs out in mid-send."""

FIRST_SPACING = timedelta(minutes=1)
LONGEST_SPACING = timedelta(minutes=30)
"""After an outage of any length, the most that an alert waits for its next try."""

AN_HOUR = timedelta(hours=1)

DIGEST_MAX = 200
"""Requests in one run's digests: few enough to claim and mark within the lease."""

FoldReason = Literal["budget", "contact_budget"]

AlertFault = SendFault | Literal["unforeseen"]
"""What kept an alert from being sent; unforeseen is an error of ours, with this one request."""

CURED_BY_WAITING: Collection[AlertFault] = ("retry", "ambiguous")
"""Faults that nobody needs to be told of, unless they last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertOutcome:
    """How it ended. Folded: it comes in the next digest.

    Not claimed: already alerted, held back, or in another worker's hands.
    """

    status: Literal["alerted", "failed", "folded", "not_claimed"]
    correlation_id: str | None = None
    fault: AlertFault | None = None
    reason: str | None = None
    """The fault's error code, or the name of an unforeseen error."""
    waited: timedelta | None = None
    """How long after it was received a request was alerted."""
    cause: Exception | None = None
    """The unforeseen error itself. Its message may repeat what a person typed."""

    @property
    def needs_a_person(self) -> bool:
        """Whether waiting alone will not cure it."""
        return self.fault is not None and self.fault not in CURED_BY_WAITING


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One mail about several requests, sent or not."""

    location: str
    requests: int
    sent: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffAlerts:
    """How this deployment alerts staff."""

    consultations: ConsultationRepository
    mailer: Mailer
    dead_letters: DeadLetters
    clinic: Clinic
    detail: AlertDetail
    override_address: str | None
    """Where every alert goes instead of the staff, in a deployment that is not production."""
    budget: int
    """Alerts in an hour for one location; those above it come together, in a digest."""
    contact_budget: int
    """Alerts in an hour for one address or number; those above it come in the digest too."""
    heartbeat_address: str | None
    """Where the alert of the daily test submission goes."""

    @classmethod
    def from_environment(cls) -> Self:
        """As the environment variables of the function say."""
        return cls(
            consultations=ConsultationRepository(dynamodb_client(), os.environ["TABLE_NAME"]),
            mailer=Mailer(
                sesv2_client(),
                sender=os.environ["SENDER_ADDRESS"],
                configuration_set=os.environ["CONFIGURATION_SET"],
            ),
            dead_letters=DeadLetters(sqs_client(), os.environ["UNDELIVERED_RECORDS_URL"]),
            clinic=load_clinic(),
            detail=cast(AlertDetail, os.environ["ALERT_DETAIL"]),
            override_address=os.environ["ALERT_OVERRIDE_ADDRESS"] or None,
            budget=int(os.environ["ALERT_BUDGET"]),
            contact_budget=int(os.environ["CONTACT_ALERT_BUDGET"]),
            heartbeat_address=os.environ["HEARTBEAT_ADDRESS"] or None,
        )

    def deliver(self, consultation_id: str, *, now: datetime) -> AlertOutcome:
        """Alert staff about this consultation unless that is done or under way.

        Whatever keeps the mail from being sent leaves the alert pending for a later try, however
        many there were. What keeps the table from being read or written is raised.
        """
        claim = self.consultations.claim_alert(consultation_id, now=now, until=now + LEASE)
        if claim is None:
            return AlertOutcome(status="not_claimed")
        if reason := self._reason_to_fold(claim, now=now):
            self.consultations.fold_alert(claim, reason=reason)
            return AlertOutcome(status="folded", correlation_id=claim.correlation_id, reason=reason)
        try:
            message_id = self._send(claim)
        except NotSentError as error:
            return self._failed(claim, error.fault, error.code, now=now)
        except Exception as error:  # noqa: BLE001 - one bad record must not block those behind it
            failed = self._failed(claim, "unforeseen", type(error).__name__, now=now)
            return replace(failed, cause=error)
        self.consultations.mark_alerted(consultation_id, now=now, message_id=message_id)
        return AlertOutcome(
            status="alerted",
            correlation_id=claim.correlation_id,
            waited=now - claim.consultation.received_at,
        )

    def send_digests(self, *, now: datetime) -> list[Digest]:
        """Send what was folded, in one mail for each location, and say how each ended.

        At most DIGEST_MAX requests are in one mail; the rest waits for the next run. A mail that
        SES does not take leaves all of its requests pending.
        """
        entries = islice(self.consultations.folded_alerts(), DIGEST_MAX)
        claims = [
            claim
            for entry in entries
            if (
                claim := self.consultations.claim_alert(
                    entry.id, now=now, until=now + LEASE, folded=True
                )
            )
        ]
        by_location: dict[str, list[ClaimedAlert]] = {}
        for claim in claims:
            if self._can_be_told(claim, now=now):
                by_location.setdefault(claim.location, []).append(claim)
        return [
            self._send_digest(location, folded, now=now) for location, folded in by_location.items()
        ]

    def _can_be_told(self, claim: ClaimedAlert, *, now: datetime) -> bool:
        """Whether the request can be read; one that can't must not keep back those beside it."""
        try:
            consultation_facts(claim.consultation, self.clinic, self.detail)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are told
            self._failed(claim, "unforeseen", type(error).__name__, now=now)
            return False
        return True

    def _send_digest(self, location: str, claims: list[ClaimedAlert], *, now: datetime) -> Digest:
        try:
            message_id = self._mail_digest(location, claims)
        except NotSentError as error:
            for claim in claims:
                self.consultations.postpone_alert(
                    claim,
                    until=now + spacing(claim.attempt),
                    fault=error.fault,
                    reason=error.code,
                )
            return Digest(location=location, requests=len(claims), sent=False, reason=error.code)
        for claim in claims:
            self.consultations.mark_alerted(claim.id, now=now, message_id=message_id)
        return Digest(location=location, requests=len(claims), sent=True)

    def _mail_digest(self, location: str, claims: list[ClaimedAlert]) -> str:
        """Send the digest; if SES rejects what was typed in it, at once another without that."""
        try:
            return self._mail_digest_at(self.detail, location, claims)
        except NotSentError as error:
            if error.fault != "rejected" or self.detail == "reference":
                raise
            return self._mail_digest_at("reference", location, claims)

    def _mail_digest_at(
        self, detail: AlertDetail, location: str, claims: list[ClaimedAlert]
    ) -> str:
        email = alert_digest(
            [claim.consultation for claim in claims],
            self.clinic,
            location=location,
            detail=detail,
            sender_domain=self.mailer.domain,
        )
        staff = self.clinic.location(location).staff
        return self.mailer.send(
            email,
            sender_name=self.clinic.name,
            to=[self.override_address] if self.override_address else staff,
            reply_to=self.clinic.reply_to,
            reference="digest",
        )

    def summarise_held(self) -> int:
        """Mail the clinic's staff about requests held back since the last summary; how many.

        Raises NotSentError, and then the next summary names them all.
        """
        held = list(self.consultations.held_requests())
        if not held:
            return 0
        self.mailer.send(
            held_summary(
                [(entry.id, entry.received_at) for entry in held],
                self.clinic,
                sender_domain=self.mailer.domain,
            ),
            sender_name=self.clinic.name,
            to=[self.override_address] if self.override_address else self.clinic.staff,
            reply_to=self.clinic.reply_to,
            reference="summary",
        )
        for entry in held:
            self.consultations.mark_summarised(entry.id)
        return len(held)

    def _reason_to_fold(self, claim: ClaimedAlert, *, now: datetime) -> FoldReason | None:
        """Why this alert comes with others, if it does. Once sent alone, it is tried alone."""
        if claim.attempt > 1 or claim.is_heartbeat:
            return None
        if self.consultations.received_since(claim, now - AN_HOUR) > self.contact_budget:
            return "contact_budget"
        if not self.consultations.spend_alert(claim.location, now=now, budget=self.budget):
            return "budget"
        return None

    def _send(self, claim: ClaimedAlert) -> str:
        """Send the alert; if SES rejects what was typed in it, at once another without that."""
        try:
            return self._mail(claim, self.detail)
        except NotSentError as error:
            if error.fault != "rejected" or self.detail == "reference":
                raise
            return self._mail(claim, "reference")

    def _mail(self, claim: ClaimedAlert, detail: AlertDetail) -> str:
        consultation = claim.consultation
        email = staff_alert(
            consultation, self.clinic, detail=detail, sender_domain=self.mailer.domain
        )
        try:
            return self.mailer.send(
                email,
                sender_name=self.clinic.name,
                to=self._recipients(consultation),
                reply_to=self.clinic.reply_to,
                reference=consultation.id,
            )
        except NotSentError as error:
            if error.fault == "rejected":
                self._report(claim, error.code)
            raise

    def _recipients(self, consultation: Consultation) -> Collection[str]:
        if consultation.heartbeat and self.heartbeat_address:
            return [self.heartbeat_address]
        if self.override_address:
            return [self.override_address]
        return self.clinic.location(consultation.location).staff

    def _failed(
        self, claim: ClaimedAlert, fault: AlertFault, reason: str, *, now: datetime
    ) -> AlertOutcome:
        if fault == "unforeseen":
            self._report(claim, reason)
        self.consultations.postpone_alert(
            claim, until=now + spacing(claim.attempt), fault=fault, reason=reason
        )
        return AlertOutcome(
            status="failed", correlation_id=claim.correlation_id, fault=fault, reason=reason
        )

    def _report(self, claim: ClaimedAlert, reason: str) -> None:
        """Leave a dead letter, unless the last one about this consultation says the same."""
        if reason != claim.last_error:
            self.dead_letters.add(claim.id, reason=reason, attempt=claim.attempt)
            claim.last_error = reason


def time_for_another(remaining_ms: int) -> bool:
    """Whether a function with this much time left may begin another delivery."""
    return remaining_ms > LONGEST_DELIVERY / timedelta(milliseconds=1)


def spacing(attempt: int) -> timedelta:
    """How long an alert waits after its `attempt`th try failed: doubling, up to half an hour."""
    doublings = min(attempt - 1, 10)  # far past the longest, and no huge number
    return min(FIRST_SPACING * (1 << doublings), LONGEST_SPACING)
