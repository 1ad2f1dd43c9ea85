"""SES tells through EventBridge what became of an alert; it is kept on the consultation."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

from consultations import observability
from consultations.alarm_topic import AlarmTopic
from consultations.aws import dynamodb_client, sns_client
from consultations.clinic import load_clinic
from consultations.mail_event import MailEvent
from consultations.repository import ConsultationRepository

logger = Logger()
metrics = Metrics()
tracer = Tracer()
clinic = load_clinic()
consultations = ConsultationRepository(dynamodb_client(), os.environ["TABLE_NAME"])
alarm_topic = AlarmTopic(sns_client(), os.environ["ALARM_TOPIC_ARN"])
keep_for = timedelta(days=int(os.environ["RETENTION_DAYS"]))


@logger.inject_lambda_context
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False, capture_error=False)
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> None:
    """Keep one event and say which mailboxes it is about. A repetition is kept once, said again.

    That a mail arrived is told of the daily test alone, which is gone by then: it is only logged.
    """
    mail_event = MailEvent.from_event(event)
    if mail_event.arrived:
        observability.mail_delivered(logger, mail_event)
        return
    mailboxes = clinic.mailboxes(mail_event.recipients)
    consultations.add_mail_event(mail_event, mailboxes, expires_at=datetime.now(UTC) + keep_for)
    alarm_topic.mail_not_delivered(mail_event, mailboxes)
    observability.mail_not_delivered(logger, metrics, mail_event, mailboxes)
