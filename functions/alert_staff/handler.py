"""The table's stream: each new consultation alerts the staff of its location."""

from consultations import cold_start  # isort: split - before what it speeds up

from concurrent.futures import Future, ThreadPoolExecutor
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
from consultations.alerting import ALERTS_AT_ONCE, AlertOutcome, OutOfTimeError, StaffAlerts

logger = Logger()
metrics = Metrics()
tracer = Tracer()
staff_alerts = StaffAlerts.from_environment()
workers = ThreadPoolExecutor(ALERTS_AT_ONCE)
# Never raise for a whole batch: that exception repeats the messages of all its causes in the log.
processor = BatchProcessor(EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)
cold_start.finished()


@logger.inject_lambda_context
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False, capture_error=False)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Handle a batch of stream records side by side and name those to deliver again."""
    ids = [record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"]]
    tries = staff_alerts.deliver_all(ids, workers, context.get_remaining_time_in_millis)

    def record_handler(record: DynamoDBRecord) -> None:
        consultation_id = record["dynamodb"]["Keys"]["id"]["S"]
        note_outcome(consultation_id, tries[consultation_id])

    return process_partial_response(
        event=event, record_handler=record_handler, processor=processor, context=context
    )


def note_outcome(consultation_id: str, outcome: Future[AlertOutcome]) -> None:
    """Wait for an alert's outcome; an error makes the stream deliver its record again."""
    try:
        observability.alert_outcome(logger, metrics, consultation_id, outcome.result())
    except OutOfTimeError:
        raise  # nothing failed; it is handed back
    except Exception as error:
        observability.alert_interrupted(logger, metrics, consultation_id, error)
        raise
