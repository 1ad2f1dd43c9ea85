"""The queue of what needs a person's attention: every SQS call of the functions."""

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class DeadLetters:
    """Letters that each name one consultation and why its alert can't be sent.

    Lambda puts its own beside them, on stream records that it gave up: those name a place in the
    stream and no consultation.
    """

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def add(self, consultation_id: str, *, reason: str, attempt: int) -> None:
        """Queue one letter: an id, an error's code and a count, nothing a person typed."""
        letter = {"consultation_id": consultation_id, "reason": reason, "attempt": attempt}
        self._client.send_message(QueueUrl=self._queue_url, MessageBody=json.dumps(letter))
