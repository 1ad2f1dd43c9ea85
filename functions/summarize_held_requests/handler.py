"""Once a day: staff are told how many requests are held back as spam, and their references."""

import os
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

from consultations import observability
from consultations.aws import dynamodb_client
from consultations.held_requests import summarise_held
from consultations.repository import ConsultationRepository
from consultations.staff_mail import StaffMail

logger = Logger()
metrics = Metrics()
tracer = Tracer()
consultations = ConsultationRepository(dynamodb_client(), os.environ["TABLE_NAME"])
mail = StaffMail.from_environment()


@logger.inject_lambda_context
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False, capture_error=False)
def lambda_handler(_event: dict[str, Any], _context: LambdaContext) -> None:
    """Send the summary, if there is anything to say; what it could not name is in the next one."""
    observability.summary_sent(logger, metrics, summarise_held(consultations, mail))
