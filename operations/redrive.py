"""Trying again what is stuck: pending alerts, and the dead letters that tell of them.

It may be done at any time, and twice: a claim that a worker holds stays held.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

from botocore.config import Config

from consultations.repository import ConsultationRepository
from operations.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient

HIDE_SECONDS = 600
"""How long a letter that was read is hidden from others: longer than two runs of the retry."""

GONE = "the stream no longer has it"


class RetryError(Exception):
    """The scheduled retry failed when it was run."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A letter as it was read from the queue: its consultations, if they can be told, and why."""

    receipt: str
    ids: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class StuckAlerts:
    """The alerts of a deployed stack that wait, and what it takes to try them again."""

    consultations: ConsultationRepository
    queue: "SQSClient"
    queue_url: str
    functions: "LambdaClient"
    retry_alerts: str
    streams: "DynamoDBStreamsClient"

    @classmethod
    def of_stack(cls, stack: Stack) -> Self:
        """Those of this stack."""
        session, outputs = stack.session, stack.outputs
        return cls(
            consultations=ConsultationRepository(session.client("dynamodb"), outputs["TableName"]),
            queue=session.client("sqs"),
            queue_url=outputs["UndeliveredRecordsUrl"],
            # One call that may last as long as the function; another try would be another run.
            functions=session.client(
                "lambda", config=Config(read_timeout=300, retries={"total_max_attempts": 1})
            ),
            retry_alerts=outputs["RetryAlertsFunctionName"],
            streams=session.client("dynamodbstreams"),
        )

    def dead_letters(self) -> Iterator[DeadLetter]:
        """Every letter in the queue that nobody else is reading."""
        while messages := self.queue.receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=10, VisibilityTimeout=HIDE_SECONDS
        ).get("Messages"):
            for message in messages:
                letter = json.loads(message["Body"])
                yield DeadLetter(message["ReceiptHandle"], self._ids(letter), _reason(letter))

    def settle(self, letters: Iterable[DeadLetter]) -> int:
        """Remove the letters whose alerts are all done, and put the others back; how many went."""
        still = self.waiting().keys()
        settled = 0
        for letter in letters:
            if still.isdisjoint(letter.ids):
                self.queue.delete_message(QueueUrl=self.queue_url, ReceiptHandle=letter.receipt)
                settled += 1
            else:
                self._show_again(letter)
        return settled

    def put_back(self, letters: Iterable[DeadLetter]) -> None:
        """Show letters that were only looked at again, so that the alarm goes on seeing them."""
        for letter in letters:
            self._show_again(letter)

    def waiting(self) -> dict[str, Literal["pending", "folded"]]:
        """Each request whose alert is outstanding, and whether it comes alone or in a digest."""
        kinds: tuple[Literal["pending", "folded"], ...] = ("pending", "folded")
        return {entry.id: kind for kind in kinds for entry in self.consultations.waiting(kind)}

    def try_again(self, ids: Collection[str]) -> Iterator[set[str]]:
        """Lift the waiting time of these alerts and run the scheduled retry while that helps.

        Yields those of them that are outstanding, before each run and after the last: a run tries
        what is pending until its time is up, so many alerts take several. Raises RetryError.
        """
        for id_ in ids:
            self.consultations.release_alert(id_)
        before = self._outstanding(ids)
        yield set(before)
        while before:
            self._retry()
            after = self._outstanding(ids)
            yield set(after)
            if after == before:
                return
            before = after

    def _outstanding(self, ids: Collection[str]) -> dict[str, str]:
        return {id_: kind for id_, kind in self.waiting().items() if id_ in ids}

    def _show_again(self, letter: DeadLetter) -> None:
        self.queue.change_message_visibility(
            QueueUrl=self.queue_url, ReceiptHandle=letter.receipt, VisibilityTimeout=0
        )

    def _retry(self) -> None:
        outcome = self.functions.invoke(FunctionName=self.retry_alerts, Payload=b"{}")
        if "FunctionError" in outcome:
            raise RetryError("The retry failed; see the logs of the function RetryAlerts.")

    def _ids(self, letter: Mapping[str, Any]) -> tuple[str, ...]:
        if "consultation_id" in letter:
            return (letter["consultation_id"],)
        return tuple(self._ids_in_stream(letter["DDBStreamBatchInfo"]))

    def _ids_in_stream(self, batch: Mapping[str, Any]) -> Iterator[str]:
        """The consultations of the records that Lambda gave up; none after 24 hours."""
        try:
            iterator = self.streams.get_shard_iterator(
                StreamArn=batch["streamArn"],
                ShardId=batch["shardId"],
                ShardIteratorType="AT_SEQUENCE_NUMBER",
                SequenceNumber=batch["startSequenceNumber"],
            )["ShardIterator"]
            records = self.streams.get_records(ShardIterator=iterator)["Records"]
        except (
            self.streams.exceptions.TrimmedDataAccessException,
            self.streams.exceptions.ResourceNotFoundException,
        ):
            return
        last = int(batch["endSequenceNumber"])
        for record in records:
            change = record["dynamodb"]
            if int(change["SequenceNumber"]) > last:
                return
            if change["Keys"]["record"]["S"] == "consultation":
                yield change["Keys"]["id"]["S"]


def _reason(letter: Mapping[str, Any]) -> str:
    if "consultation_id" in letter:
        return f"{letter['reason']}, at try {letter['attempt']}"
    condition = letter.get("requestContext", {}).get("condition", "unknown")
    return f"given up by the stream, {condition}"
