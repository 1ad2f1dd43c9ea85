"""One command lists what is stuck, tries it again and cleans up behind itself."""

import json
import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import time_machine
from botocore.stub import Stubber

from consultations.repository import ConsultationRepository
from functions.alert_staff import handler as alert_staff
from functions.retry_alerts import handler as retry_alerts
from operations.redrive import Stack, redrive
from tests.builders import NOW, a_consultation, a_context, stream_event
from tests.conftest import Aws

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

QUEUE = os.environ["UNDELIVERED_RECORDS_URL"]


class Functions:
    """Lambda with one function, run here and now."""

    def __init__(self) -> None:
        self.error: str | None = None

    def invoke(self, **_: object) -> dict[str, Any]:
        if self.error:
            return {"FunctionError": self.error}
        retry_alerts.lambda_handler({}, a_context())
        return {}


@pytest.fixture(autouse=True)
def _at_a_known_time(time_machine: time_machine.TimeMachineFixture) -> None:
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def functions() -> Functions:
    return Functions()


@pytest.fixture
def stack(aws: Aws, functions: Functions) -> Stack:
    lambda_client: LambdaClient = functions  # type: ignore[assignment]
    return Stack(
        consultations=ConsultationRepository(aws.dynamodb, "consultations"),
        queue=aws.sqs,
        queue_url=QUEUE,
        functions=lambda_client,
        retry_alerts="retry-alerts",
        streams=boto3.client("dynamodbstreams"),
    )


def a_stuck_alert(aws: Aws, **changes: object) -> str:
    """A consultation whose mail SES has just rejected."""
    consultation = a_consultation(**changes)
    ConsultationRepository(aws.dynamodb, "consultations").add(consultation)
    aws.sesv2.delete_email_identity(EmailIdentity="alerts@example.com")
    alert_staff.lambda_handler(stream_event(consultation.id), a_context())
    return consultation.id


def repair_ses(aws: Aws) -> None:
    aws.sesv2.create_email_identity(EmailIdentity="alerts@example.com")


def waiting_letters(aws: Aws) -> int:
    """How many letters are in the queue, read or not."""
    counts = aws.sqs.get_queue_attributes(
        QueueUrl=QUEUE,
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    return sum(map(int, counts.values()))


def test_a_rejected_alert_leaves_one_letter_that_names_it_and_the_reason(aws: Aws) -> None:
    id_ = a_stuck_alert(aws)

    assert aws.letters() == [{"consultation_id": id_, "reason": "MessageRejected", "attempt": 1}]


def test_the_same_reason_again_leaves_no_second_letter(
    aws: Aws, time_machine: time_machine.TimeMachineFixture
) -> None:
    a_stuck_alert(aws)
    time_machine.shift(timedelta(minutes=5))
    retry_alerts.lambda_handler({}, a_context())

    assert aws.item()["alert_attempts"] == 2
    assert waiting_letters(aws) == 1


def test_what_is_stuck_is_sent_at_once_when_its_cause_is_gone(
    aws: Aws, stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    id_ = a_stuck_alert(aws)
    repair_ses(aws)

    assert redrive(stack)
    assert len(aws.mails) == 1
    assert waiting_letters(aws) == 0
    printed = capsys.readouterr().out
    assert f"dead letter  {id_}: MessageRejected, at try 1" in printed


def test_what_is_still_stuck_keeps_its_letter_and_is_named(
    aws: Aws, stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    id_ = a_stuck_alert(aws)

    assert not redrive(stack)
    assert waiting_letters(aws) == 1
    assert f"still pending  {id_}, received 2026-01-31 16:30 UTC" in capsys.readouterr().out


def test_an_alert_that_a_worker_holds_is_not_sent_twice(aws: Aws, stack: Stack) -> None:
    consultation = a_consultation()
    stack.consultations.add(consultation)
    assert stack.consultations.claim_alert(
        consultation.id, now=NOW, until=NOW + timedelta(minutes=2)
    )

    assert not redrive(stack)
    assert aws.mails == []


BATCH = {
    "streamArn": "arn:aws:dynamodb:us-east-1:123456789012:table/x/stream/2026-01-31T00:00:00.000",
    "shardId": "shardId-00000000000000000000-00000000",
    "startSequenceNumber": "100000000000000000001",
    "endSequenceNumber": "100000000000000000003",
}
AT_ITS_START = {
    "StreamArn": BATCH["streamArn"],
    "ShardId": BATCH["shardId"],
    "ShardIteratorType": "AT_SEQUENCE_NUMBER",
    "SequenceNumber": BATCH["startSequenceNumber"],
}


def lambda_gives_up(aws: Aws) -> None:
    """What Lambda itself puts into the queue: where in the stream, and nothing of the records."""
    letter = {
        "requestContext": {"condition": "RetryAttemptsExhausted"},
        "DDBStreamBatchInfo": BATCH,
    }
    aws.sqs.send_message(QueueUrl=QUEUE, MessageBody=json.dumps(letter))


def a_record(number: int, id_: str, record: str = "consultation") -> dict[str, Any]:
    keys = {"id": {"S": id_}, "record": {"S": record}}
    return {"dynamodb": {"SequenceNumber": str(10**20 + number), "Keys": keys}}


def test_a_letter_of_the_stream_is_read_back_into_its_consultations(
    aws: Aws, stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    lambda_gives_up(aws)
    with Stubber(stack.streams) as streams:
        streams.add_response("get_shard_iterator", {"ShardIterator": "here"}, AT_ITS_START)
        records = [
            a_record(1, "AAAA-AAAA-AAAA"),
            a_record(2, "AAAA-AAAA-AAAA", "event#1"),
            a_record(3, "BBBB-BBBB-BBBB"),
            a_record(4, "CCCC-CCCC-CCCC"),
        ]
        streams.add_response("get_records", {"Records": records}, {"ShardIterator": "here"})
        assert redrive(stack)

    printed = capsys.readouterr().out
    assert (
        "dead letter  AAAA-AAAA-AAAA, BBBB-BBBB-BBBB: "
        "given up by the stream, RetryAttemptsExhausted" in printed
    )
    assert waiting_letters(aws) == 0


def test_a_letter_that_the_stream_has_forgotten_is_no_obstacle(
    aws: Aws, stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    lambda_gives_up(aws)
    id_ = a_stuck_alert(aws)
    repair_ses(aws)
    with Stubber(stack.streams) as streams:
        streams.add_client_error("get_shard_iterator", "TrimmedDataAccessException")
        assert redrive(stack)

    assert "the stream no longer has it: given up" in capsys.readouterr().out
    assert [mail["EmailTags"][0]["Value"] for mail in aws.mails] == [id_]


def test_a_failed_retry_is_said_and_loses_no_letter(
    aws: Aws, stack: Stack, functions: Functions
) -> None:
    a_stuck_alert(aws)
    functions.error = "Unhandled"
    with pytest.raises(RuntimeError, match="RetryAlerts"):
        redrive(stack)

    assert waiting_letters(aws) == 1
