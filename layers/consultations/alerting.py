"""Alerting staff: claim, compose, send, mark; for one consultation or for several in a digest."""

import os
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Literal, Self

from botocore.exceptions import BotoCoreError, ClientError

from consultations.alert_budget import AlertBudget, FoldReason
from consultations.aws import dynamodb_client, sqs_client
from consultations.dead_letters import DeadLetters
from consultations.mailer import NotSentError, SendFault
from consultations.repository import ClaimedAlert, ConsultationRepository, IndexEntry
from consultations.staff_alert import consultation_facts
from consultations.staff_mail import StaffMail

LONGEST_DELIVERY = timedelta(seconds=80)
"""How long one delivery can take, with all tries of all calls: claim 12 s, two mails of 24 s each,
mark 12 s, a letter 7 s.

A function that has less time left does not begin another one.
"""

LEASE = timedelta(minutes=2)
"""How long a claim holds: well over LONGEST_DELIVERY, so that it never runs out in mid-send."""

DIGEST_LEASE = timedelta(minutes=5)
"""The same for a digest: longer than the function that sends it may run at all."""

ALERTS_AT_ONCE = 10
"""Deliveries side by side: a whole batch of the stream, and a connection for each in botocore's
pool. SES takes 14 a second of an account fresh out of its sandbox."""

FIRST_SPACING = timedelta(minutes=1)
LONGEST_SPACING = timedelta(minutes=30)
"""After an outage of any length, the most that an alert waits for its next try."""

DIGEST_MAX = 200
"""Requests in one run's digests, so that the run has time for the other alerts too."""

AlertFault = SendFault | Literal["unforeseen"]
"""What kept an alert from being sent; unforeseen is an error of ours, with this one request."""

CURED_BY_WAITING: Collection[AlertFault] = ("retry", "ambiguous")
"""Faults that nobody needs to be told of, unless they last."""

OF_THIS_REQUEST: Collection[AlertFault] = ("rejected", "unforeseen")
"""Faults that lie in the one request, which a dead letter therefore names."""


class OutOfTimeError(Exception):
    """The function has too little time left to begin another delivery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """How one mail ended."""

    fault: AlertFault | None = None

    @property
    def needs_a_person(self) -> bool:
        """Whether waiting alone will not cure it."""
        return self.fault is not None and self.fault not in CURED_BY_WAITING


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertOutcome(_Outcome):
    """How it ended. Folded: it comes in the next digest.

    Not claimed: already alerted, held back, or in another worker's hands.
    """

    status: Literal["alerted", "failed", "folded", "not_claimed"]
    correlation_id: str | None = None
    reason: str | FoldReason | None = None
    """The fault's error code, or the name of an unforeseen error, or why it was folded."""
    waited: timedelta | None = None
    """How long after it was received a request was alerted."""
    cause: Exception | None = None
    """The unforeseen error itself. Its message may repeat what a person typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestOutcome(_Outcome):
    """How one mail about several requests ended; not sent, all of them stay pending."""

    location: str
    requests: int
    reason: str | None = None
    """The code of the fault; of a digest that was sent, why SES would not take what was typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffAlerts:
    """How this deployment alerts staff."""

    consultations: ConsultationRepository
    mail: StaffMail
    dead_letters: DeadLetters
    budget: AlertBudget

    @classmethod
    def from_environment(cls) -> Self:
        """As the environment variables of the function say."""
        consultations = ConsultationRepository(dynamodb_client(), os.environ["TABLE_NAME"])
        return cls(
            consultations=consultations,
            mail=StaffMail.from_environment(),
            dead_letters=DeadLetters(sqs_client(), os.environ["UNDELIVERED_RECORDS_URL"]),
            budget=AlertBudget(
                consultations,
                per_location=int(os.environ["ALERT_BUDGET"]),
                per_contact=int(os.environ["CONTACT_ALERT_BUDGET"]),
            ),
        )

    def deliver_all(
        self, ids: Iterable[str], workers: Executor, remaining_ms: Callable[[], int]
    ) -> dict[str, Future[AlertOutcome]]:
        """Deliver all of these side by side.

        The outcome of one that finds too little time left is an OutOfTimeError.
        """

        def deliver(consultation_id: str) -> AlertOutcome:
            if not time_for_another(remaining_ms()):
                raise OutOfTimeError
            return self.deliver(consultation_id, now=datetime.now(UTC))

        return {id_: workers.submit(deliver, id_) for id_ in dict.fromkeys(ids)}

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
            consultation = claim.consultation
            sent = self.mail.send_alert(consultation)
        except NotSentError as error:
            return self._failed(claim, error.fault, error.code, now=now)
        except Exception as error:  # noqa: BLE001 - one bad record must not block those behind it
            failed = self._failed(claim, "unforeseen", type(error).__name__, now=now)
            return replace(failed, cause=error)
        self.consultations.mark_alerted(consultation_id, now=now, message_id=sent.message_id)
        if sent.rejected:
            self._report(claim, sent.rejected)
        return AlertOutcome(
            status="alerted",
            correlation_id=claim.correlation_id,
            waited=now - consultation.received_at,
        )

    def send_digests(self, folded: Iterable[IndexEntry], *, now: datetime) -> list[DigestOutcome]:
        """Send these in one mail for each location, and say how each ended.

        At most DIGEST_MAX requests are in one run's mails; the rest waits for the next run.
        """
        by_location: dict[str, list[ClaimedAlert]] = {}
        for entry in islice(folded, DIGEST_MAX):
            claim = self.consultations.claim_alert(
                entry.id, now=now, until=now + DIGEST_LEASE, folded=True
            )
            if claim and self._can_be_told(claim, now=now):
                by_location.setdefault(claim.location, []).append(claim)
        return [
            self._send_digest(location, claims, now=now) for location, claims in by_location.items()
        ]

    def _can_be_told(self, claim: ClaimedAlert, *, now: datetime) -> bool:
        """Whether the request can be read; one that can't must not keep back those beside it."""
        try:
            consultation_facts(claim.consultation, self.mail.clinic, self.mail.detail)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are told
            self._failed(claim, "unforeseen", type(error).__name__, now=now)
            return False
        return True

    def _send_digest(
        self, location: str, claims: list[ClaimedAlert], *, now: datetime
    ) -> DigestOutcome:
        told = DigestOutcome(location=location, requests=len(claims))
        try:
            sent = self.mail.send_digest(location, [claim.consultation for claim in claims])
        except NotSentError as error:
            for claim in claims:
                self._postpone(claim, error.fault, error.code, now=now)
            return replace(told, fault=error.fault, reason=error.code)
        not_marked: list[Exception] = []
        for claim in claims:
            try:
                self.consultations.mark_alerted(claim.id, now=now, message_id=sent.message_id)
            except (ClientError, BotoCoreError) as error:  # it comes again, the others need not
                not_marked.append(error)
        if not_marked:
            raise not_marked[0]
        return replace(told, reason=sent.rejected)

    def _reason_to_fold(self, claim: ClaimedAlert, *, now: datetime) -> FoldReason | None:
        """Why this alert comes with others, if it does. Once sent alone, it is tried alone."""
        if claim.attempt > 1 or claim.is_heartbeat:
            return None
        return self.budget.reason_to_fold(claim, now=now)

    def _failed(
        self, claim: ClaimedAlert, fault: AlertFault, reason: str, *, now: datetime
    ) -> AlertOutcome:
        if fault in OF_THIS_REQUEST:
            self._report(claim, reason)
        self._postpone(claim, fault, reason, now=now)
        return AlertOutcome(
            status="failed", correlation_id=claim.correlation_id, fault=fault, reason=reason
        )

    def _postpone(
        self, claim: ClaimedAlert, fault: AlertFault, reason: str, *, now: datetime
    ) -> None:
        self.consultations.postpone_alert(
            claim, until=now + spacing(claim.attempt), fault=fault, reason=reason
        )

    def _report(self, claim: ClaimedAlert, reason: str) -> None:
        """Leave a dead letter, unless the last one about this consultation says the same."""
        if reason != claim.last_error:
            self.dead_letters.add(claim.id, reason=reason, attempt=claim.attempt)


def time_for_another(remaining_ms: int) -> bool:
    """Whether a function with this much time left may begin another delivery."""
    return remaining_ms > LONGEST_DELIVERY / timedelta(milliseconds=1)


def spacing(attempt: int) -> timedelta:
    """How long an alert waits after its `attempt`th try failed: doubling, up to half an hour."""
    doublings = min(attempt - 1, 10)  # far past the longest, and no huge number
    return min(FIRST_SPACING * (1 << doublings), LONGEST_SPACING)
