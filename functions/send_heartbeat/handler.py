"""Every day: a test submission goes the whole way, and its absence at the end raises an alarm."""

import os
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import urllib3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

from consultations import heartbeat, observability
from consultations.aws import dynamodb_client
from consultations.repository import ConsultationRepository

logger = Logger()
metrics = Metrics()
tracer = Tracer()
consultations = ConsultationRepository(dynamodb_client(), os.environ["TABLE_NAME"])
http = urllib3.PoolManager(timeout=29.0, retries=False)  # as long as the gateway waits

CREATED = 201
LOOK_EVERY_SECONDS = 5
STOP_BEFORE_TIMEOUT_MS = 20_000


class HeartbeatError(Exception):
    """The heartbeat did not come through; the message says how far it came."""


@logger.inject_lambda_context
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False, capture_error=False)
def lambda_handler(_event: dict[str, Any], context: LambdaContext) -> None:
    """Submit, wait until the alert is sent, remove. Raises HeartbeatError if that takes too long.

    What did not arrive is left to be alerted later, and expires.
    """
    consultation_id = submit(now=datetime.now(UTC))
    while not consultations.is_alerted(consultation_id):
        if context.get_remaining_time_in_millis() < STOP_BEFORE_TIMEOUT_MS:
            raise HeartbeatError(f"{consultation_id} was stored and not alerted in time")
        time.sleep(LOOK_EVERY_SECONDS)
    consultations.remove_heartbeat(consultation_id)
    observability.heartbeat_completed(logger, metrics, consultation_id)


def submit(*, now: datetime) -> str:
    """Post the form like any site, from outside, and return the reference."""
    key = str(uuid4())
    response = http.request(
        "POST",
        os.environ["CONSULTATIONS_URL"],
        json={
            "full_name": "Heartbeat test",
            "preferred_contact": "email",
            "email": os.environ["HEARTBEAT_ADDRESS"],
            "location": "not_sure",
            "age_18_plus": True,
            "consent_to_contact": True,
            "ack_not_emergency": True,
        },
        headers={
            "Idempotency-Key": key,
            heartbeat.HEADER: heartbeat.proof(key, salt=os.environ["ID_SALT"], at=now),
        },
    )
    if response.status != CREATED:
        raise HeartbeatError(f"the submission was answered with {response.status}")
    consultation_id: str = response.json()["id"]
    return consultation_id
