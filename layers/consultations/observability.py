"""What is logged and counted: ids, outcomes and codes, never what a person typed."""

import traceback
import warnings
from datetime import datetime
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics, single_metric
from aws_lambda_powertools.metrics import MetricUnit

from consultations.aws import error_code
from consultations.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consultations.alerting import AlertOutcome, DigestOutcome
    from consultations.mail_event import MailEvent
    from consultations.repository import IndexEntry
    from consultations.submission import Receipt

# A preflight, or a stream record with nothing to do, counts nothing, and that is fine.
warnings.filterwarnings("ignore", message="No application metrics to publish")


def received(logger: Logger, metrics: Metrics, receipt: "Receipt") -> None:
    """A request is stored, now or by an earlier try."""
    logger.info(receipt.outcome, consultation_id=receipt.id, status=receipt.status)
    if receipt.is_heartbeat:
        return  # counted at its end; as received it would hide that nobody else writes
    _count(metrics, "Received" if receipt.outcome == "stored" else "Replayed")


def refused(logger: Logger, problem: Problem) -> None:
    """A request was refused; for a failed write, with the AWS error code behind it."""
    logger.info(
        "refused",
        status=problem.status,
        code=problem.code,
        error_codes=[error.code for error in problem.errors],
        cause=str(problem.__cause__ or ""),
    )
    _count_with_code("Refused", problem.code)


def failed(logger: Logger, error: Exception) -> None:
    """A request ran into an error that nobody foresaw."""
    logger.error("failed", error=type(error).__name__, frames=_frames(error))
    _count_with_code("Refused", "internal_error")


def pending_alerts(logger: Logger, pending: "Sequence[IndexEntry]", now: datetime) -> None:
    """What is outstanding as a run of retries begins: how many, and the age of the oldest in s.

    Each is published at once, so that it is there even if the run does not come to its end.
    """
    oldest = (now - pending[0].received_at).total_seconds() if pending else 0.0
    logger.info("alerts pending", pending=len(pending), oldest_seconds=oldest)
    _publish("OldestPendingAlertAge", MetricUnit.Seconds, max(oldest, 0.0))
    _publish("PendingAlerts", MetricUnit.Count, len(pending))
    # Nothing was received here; it makes silence a number, where it would be missing data.
    _publish("Received", MetricUnit.Count, 0)


def alert_outcome(
    logger: Logger, metrics: Metrics, consultation_id: str, outcome: "AlertOutcome"
) -> None:
    """One try at an alert ended, sent or not; not sent, it stays pending."""
    logger.info(
        "alert tried",
        outcome=outcome.status,
        consultation_id=consultation_id,
        correlation_id=outcome.correlation_id,
        fault=outcome.fault,
        reason=outcome.reason,
        frames=_frames(outcome.cause) if outcome.cause else None,
    )
    if outcome.status == "alerted":
        _count(metrics, "Alerted")
    elif outcome.status == "folded":
        _count(metrics, "AlertFolded")
    elif outcome.status == "failed":
        _count(metrics, "AlertFailed")
    if outcome.waited is not None:
        delay = outcome.waited.total_seconds()
        metrics.add_metric(name="AlertDelay", unit=MetricUnit.Seconds, value=delay)
    if outcome.needs_a_person:
        _count(metrics, "AlertHeld")


def digest_outcome(logger: Logger, metrics: Metrics, digest: "DigestOutcome") -> None:
    """A mail about several requests was sent, or its requests stay pending."""
    logger.info(
        "digest tried",
        outcome="failed" if digest.fault else "alerted",
        location=digest.location,
        requests=digest.requests,
        fault=digest.fault,
        reason=digest.reason,
    )
    name = "AlertFailed" if digest.fault else "Alerted"
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=digest.requests)
    if digest.needs_a_person:
        _count(metrics, "AlertHeld")


def summary_sent(logger: Logger, metrics: Metrics, held: int) -> None:
    """Staff were told how many requests are held back."""
    logger.info("summary sent", held=held)
    metrics.add_metric(name="HeldRequests", unit=MetricUnit.Count, value=held)


def alert_interrupted(
    logger: Logger, metrics: Metrics, consultation_id: str, error: Exception
) -> None:
    """One try at an alert could not read or write the table; the alert stays pending."""
    logger.error(
        "alert interrupted",
        consultation_id=consultation_id,
        error=error_code(error),
        frames=_frames(error),
    )
    _count(metrics, "AlertFailed")


def mail_not_delivered(
    logger: Logger, metrics: Metrics, event: "MailEvent", mailboxes: "Sequence[str]"
) -> None:
    """An alert that SES took did not reach these mailboxes, or is late."""
    logger.warning(
        "mail not delivered",
        consultation_id=event.consultation_id,
        kind=event.kind,
        reason=event.reason,
        mailboxes=mailboxes,
    )
    _count(metrics, "MailNotDelivered")


def mail_delivered(logger: Logger, event: "MailEvent") -> None:
    """The alert of a test submission reached its mailbox."""
    logger.info("mail delivered", consultation_id=event.consultation_id, kind=event.kind)


def heartbeat_completed(logger: Logger, metrics: Metrics, consultation_id: str) -> None:
    """The daily test submission was stored, alerted and removed."""
    logger.info("heartbeat completed", consultation_id=consultation_id)
    _count(metrics, "HeartbeatCompleted")


def _frames(error: Exception) -> list[str]:
    """Where an error came from, without its message: that may repeat what a person typed."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.name} in {frame.filename}:{frame.lineno}" for frame in frames]


def _count(metrics: Metrics, name: str) -> None:
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=1)


def _publish(name: str, unit: MetricUnit, value: float) -> None:
    with single_metric(name=name, unit=unit, value=value):
        pass  # published at the end of this block


def _count_with_code(name: str, code: str) -> None:
    with single_metric(name=name, unit=MetricUnit.Count, value=1) as metric:
        metric.add_dimension(name="code", value=code)
