"""Every five minutes: alerts that are still pending, for whatever reason, are tried again."""

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

from consultations import observability
from consultations.alerting import ALERTS_AT_ONCE, AlertOutcome, OutOfTimeError, StaffAlerts
from consultations.repository import IndexEntry

logger = Logger()
metrics = Metrics()
tracer = Tracer()
staff_alerts = StaffAlerts.from_environment()
workers = ThreadPoolExecutor(ALERTS_AT_ONCE)


@logger.inject_lambda_context
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False, capture_error=False)
def lambda_handler(_event: dict[str, Any], context: LambdaContext) -> None:
    """Try the pending alerts, the oldest first; one that fails does not stop the others."""
    consultations = staff_alerts.consultations
    pending = list(consultations.pending_alerts())
    folded = list(consultations.folded_alerts())
    observability.pending_alerts(
        logger, sorted([*pending, *folded], key=attrgetter("received_at")), datetime.now(UTC)
    )
    send_digests(folded)
    ids = [alert.id for alert in pending]
    tries = staff_alerts.deliver_all(ids, workers, context.get_remaining_time_in_millis)
    for consultation_id, outcome in tries.items():
        note_outcome(consultation_id, outcome)


def send_digests(folded: list[IndexEntry]) -> None:
    """Send these alerts in digests; should that fail, the alerts still get their turn."""
    try:
        for digest in staff_alerts.send_digests(folded, now=datetime.now(UTC)):
            observability.digest_outcome(logger, metrics, digest)
    except Exception as error:  # noqa: BLE001 - whatever it is, they stay pending
        observability.alert_interrupted(logger, metrics, "digest", error)


def note_outcome(consultation_id: str, outcome: Future[AlertOutcome]) -> None:
    """Wait for an alert's outcome; whatever it is, the next alert gets its turn."""
    try:
        observability.alert_outcome(logger, metrics, consultation_id, outcome.result())
    except OutOfTimeError:
        logger.warning("out of time, left to the next run", consultation_id=consultation_id)
    except Exception as error:  # noqa: BLE001 - the alert stays pending
        observability.alert_interrupted(logger, metrics, consultation_id, error)
