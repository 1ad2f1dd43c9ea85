"""Every five minutes: alerts that are still pending, for whatever reason, are tried again."""

from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

from consultations import observability
from consultations.alerting import StaffAlerts, time_for_another

logger = Logger()
metrics = Metrics()
tracer = Tracer()
staff_alerts = StaffAlerts.from_environment()


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
    send_digests()
    for alert in pending:
        if not time_for_another(context.get_remaining_time_in_millis()):
            logger.warning("out of time, the rest waits for the next run")
            break
        retry(alert.id)


def send_digests() -> None:
    """Send what was folded into digests; should that fail, the alerts still get their turn."""
    try:
        for digest in staff_alerts.send_digests(now=datetime.now(UTC)):
            observability.digest_outcome(logger, metrics, digest)
    except Exception as error:  # noqa: BLE001 - whatever it is, they stay pending
        observability.alert_interrupted(logger, metrics, "digest", error)


def retry(consultation_id: str) -> None:
    """Try one alert again."""
    try:
        outcome = staff_alerts.deliver(consultation_id, now=datetime.now(UTC))
    except Exception as error:  # noqa: BLE001 - whatever it is, the next alert gets its turn
        observability.alert_interrupted(logger, metrics, consultation_id, error)
        return
    observability.alert_outcome(logger, metrics, consultation_id, outcome)
