"""Try what is stuck again: python -m operations.redrive STACK, or `make redrive`.

Lists every dead letter with its consultation and reason, lifts the waiting time of all pending
alerts, runs the scheduled retry once, and takes those letters out of the queue whose alert is no
longer pending. It may be run at any time, and twice: a claim that is held stays held.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from consultations.repository import ConsultationRepository

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient

HIDE_SECONDS = 300
"""How long a letter that was read is hidden from others: longer than a run of the retry."""

GONE = "the stream no longer has it"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A letter as it was read from the queue: its consultations, if they can be told, and why."""

    receipt: str
    ids: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Stack:
    """What of a deployed stack this needs."""

    consultations: ConsultationRepository
    queue: "SQSClient"
    queue_url: str
    functions: "LambdaClient"
    retry_alerts: str
    streams: "DynamoDBStreamsClient"

    @classmethod
    def deployed(cls, name: str) -> "Stack":
        """The stack with this name, in the region and account of the environment."""
        described = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        outputs = {each["OutputKey"]: each["OutputValue"] for each in described["Outputs"]}
        return cls(
            consultations=ConsultationRepository(boto3.client("dynamodb"), outputs["TableName"]),
            queue=boto3.client("sqs"),
            queue_url=outputs["UndeliveredRecordsUrl"],
            # One call that may last as long as the function; another try would be another run.
            functions=boto3.client(
                "lambda", config=Config(read_timeout=300, retries={"total_max_attempts": 1})
            ),
            retry_alerts=outputs["RetryAlertsFunctionName"],
            streams=boto3.client("dynamodbstreams"),
        )

    def dead_letters(self) -> Iterator[DeadLetter]:
        """Every letter in the queue that nobody else is reading."""
        while messages := self.queue.receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=10, VisibilityTimeout=HIDE_SECONDS
        ).get("Messages"):
            for message in messages:
                letter = json.loads(message["Body"])
                yield DeadLetter(message["ReceiptHandle"], self._ids(letter), _reason(letter))

    def remove(self, letter: DeadLetter) -> None:
        """Take a letter out of the queue."""
        self.queue.delete_message(QueueUrl=self.queue_url, ReceiptHandle=letter.receipt)

    def retry(self) -> None:
        """Run the scheduled retry now and wait for its end. Raises RuntimeError if it fails."""
        outcome = self.functions.invoke(FunctionName=self.retry_alerts, Payload=b"{}")
        if "FunctionError" in outcome:
            raise RuntimeError("The retry failed; see the logs of the function RetryAlerts.")

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


def redrive(stack: Stack) -> bool:
    """Try again all that is pending; whether nothing is pending afterwards."""
    letters = list(stack.dead_letters())
    for letter in letters:
        print(f"dead letter  {', '.join(letter.ids) or GONE}: {letter.reason}")
    pending = list(stack.consultations.pending_alerts())
    for alert in pending:
        stack.consultations.release_alert(alert.id)
    print(f"{len(letters)} dead letters, {len(pending)} pending alerts; trying them now")
    stack.retry()
    still = {alert.id: alert.received_at for alert in stack.consultations.pending_alerts()}
    for id_, received_at in still.items():
        print(f"still pending  {id_}, received {received_at:%Y-%m-%d %H:%M} UTC")
    for letter in letters:
        if still.keys().isdisjoint(letter.ids):
            stack.remove(letter)
    return not still


def _reason(letter: Mapping[str, Any]) -> str:
    if "consultation_id" in letter:
        return f"{letter['reason']}, at try {letter['attempt']}"
    condition = letter.get("requestContext", {}).get("condition", "unknown")
    return f"given up by the stream, {condition}"


def main() -> int:
    """0 if nothing is pending any more, 1 if something still is."""
    parser = argparse.ArgumentParser(prog="python -m operations.redrive", description=__doc__)
    parser.add_argument("stack", help="the name of the stack, such as consultations-prod")
    everything_sent = redrive(Stack.deployed(parser.parse_args().stack))
    print("Nothing is pending any more." if everything_sent else "Some alerts are still pending.")
    return 0 if everything_sent else 1


if __name__ == "__main__":
    sys.exit(main())
