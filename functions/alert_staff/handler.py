"""The table's stream: each new consultation alerts the staff of its location."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from consultations import observability
from consultations.alerting import StaffAlerts, time_for_another

logger = Logger()
metrics = Metrics()
tracer = Tracer()
staff_alerts = StaffAlerts.from_environment()
# Never raise for a whole batch: that exception repeats the messages of all its causes in the log.
processor = BatchProcessor(EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)


def record_handler(record: DynamoDBRecord, lambda_context: LambdaContext) -> None:
    """Alert staff about one consultation; an error makes the stream deliver this record again."""
    if not time_for_another(lambda_context.get_remaining_time_in_millis()):
        raise TimeoutError
    consultation_id = record["dynamodb"]["Keys"]["id"]["S"]
    try:
        outcome = staff_alerts.deliver(consultation_id, now=datetime.now(UTC))
    except Exception as error:
        observability.alert_interrupted(logger, metrics, consultation_id, error)
        raise
    observability.alert_outcome(logger, metrics, consultation_id, outcome)


@logger.inject_lambda_context
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False, capture_error=False)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Handle a batch of stream records and name those to deliver again."""
    return process_partial_response(
        event=event, record_handler=record_handler, processor=processor, context=context
    )
