"""Once a day: staff are told how many requests are held back as spam, and their references."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

from consultations import observability
from consultations.alerting import StaffAlerts

logger = Logger()
metrics = Metrics()
tracer = Tracer()
staff_alerts = StaffAlerts.from_environment()


@logger.inject_lambda_context
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False, capture_error=False)
def lambda_handler(_event: dict[str, Any], _context: LambdaContext) -> None:
    """Send the summary, if there is anything to say; what it could not name is in the next one."""
    held = staff_alerts.summarise_held()
    observability.summary_sent(logger, metrics, held)
