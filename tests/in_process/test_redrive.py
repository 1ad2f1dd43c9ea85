"""One command lists what is stuck, tries it again and cleans up behind itself."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from typer.testing import CliRunner, Result

from consultations.repository import ConsultationRepository
from functions.alert_staff import handler as alert_staff
from functions.retry_alerts import handler as retry_alerts
from operations.commands import app
from tests.builders import NOW, a_consultation, a_context, stream_event
from tests.conftest import Aws
from tests.environment import ENVIRONMENT
from tests.in_process.deployed_account import (
    STACK,
    Account,
    Answer,
    Refused,
    deployed_account,
    function_error,
    run_the_retry,
)

QUEUE = ENVIRONMENT["UNDELIVERED_RECORDS_URL"]


@pytest.fixture
def account(
    monkeypatch: pytest.MonkeyPatch, time_machine: time_machine.TimeMachineFixture
) -> Iterator[Account]:
    """An account whose one function that is run by hand is the retry, here and now."""
    time_machine.move_to(NOW, tick=False)
    with deployed_account(monkeypatch) as made:
        made.answers["lambda.Invoke"] = run_the_retry
        yield made


@pytest.fixture
def aws(account: Account) -> Aws:
    return account.aws


def command(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, [*arguments, "--stack", STACK], input=answer)


def redrive() -> Result:
    return command("redrive", "--yes")


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


def test_what_is_stuck_is_sent_at_once_when_its_cause_is_gone(aws: Aws) -> None:
    id_ = a_stuck_alert(aws)
    repair_ses(aws)

    result = redrive()

    assert result.exit_code == 0, result.output
    assert len(aws.mails) == 1
    assert waiting_letters(aws) == 0
    assert f"dead letter  {id_}: MessageRejected, at try 1" in result.stdout
    assert "1 alert tried, none is pending any more." in result.stdout
    assert "1 dead letter cleared" in result.stdout


def test_what_is_still_stuck_keeps_its_letter_and_is_named(aws: Aws) -> None:
    id_ = a_stuck_alert(aws)

    result = redrive()

    assert result.exit_code == 1
    assert f"still pending  {id_}" in result.stdout
    assert "1 alert of 1 still pending" in result.stderr


def test_a_letter_that_was_only_looked_at_is_to_be_seen_again_at_once(
    aws: Aws, time_machine: time_machine.TimeMachineFixture
) -> None:
    a_stuck_alert(aws)
    for arguments, answer in ((["--dry-run"], ""), ([], "n\n"), (["--yes"], "")):
        command("redrive", *arguments, answer=answer)
        time_machine.shift(timedelta(milliseconds=1))
        visible = aws.sqs.get_queue_attributes(
            QueueUrl=QUEUE, AttributeNames=["ApproximateNumberOfMessages"]
        )["Attributes"]
        # The alarm looks at those that are visible.
        assert visible["ApproximateNumberOfMessages"] == "1", arguments


def test_a_dry_run_says_what_there_is_and_tries_nothing(account: Account) -> None:
    id_ = a_stuck_alert(account.aws)
    repair_ses(account.aws)

    result = command("redrive", "--dry-run")

    assert result.exit_code == 0
    assert f"dead letter  {id_}" in result.stdout
    assert "1 pending alert, 1 dead letter" in result.stdout
    assert "lambda.Invoke" not in account.asked
    assert account.aws.mails == []


def test_it_asks_with_the_counts_and_no_is_no(account: Account) -> None:
    a_stuck_alert(account.aws)
    repair_ses(account.aws)

    result = command("redrive", answer="n\n")

    assert result.exit_code == 1
    assert "1 pending alert, 1 dead letter. Try the alerts again" in result.stderr
    assert "lambda.Invoke" not in account.asked


def test_many_alerts_are_tried_in_as_many_runs_as_it_takes(account: Account) -> None:
    repository = ConsultationRepository(account.aws.dynamodb, "consultations")
    ids = [a_consultation(message=f"{number}").id for number in range(7)]
    for number in range(7):
        repository.add(a_consultation(message=f"{number}"))
    runs = []

    def two_at_a_time(_: Mapping[str, Any]) -> Answer:
        runs.append(1)
        for entry in list(repository.waiting("pending"))[:2]:
            retry_alerts.staff_alerts.deliver(entry.id, now=datetime.now(UTC))
        return {"StatusCode": 200}

    account.answers["lambda.Invoke"] = two_at_a_time

    result = redrive()

    assert result.exit_code == 0, result.output
    assert len(runs) == 4
    assert {mail["EmailTags"][0]["Value"] for mail in account.aws.mails} == set(ids)


def test_an_alert_that_a_worker_holds_is_not_sent_twice(aws: Aws) -> None:
    consultation = a_consultation()
    consultations = ConsultationRepository(aws.dynamodb, "consultations")
    consultations.add(consultation)
    assert consultations.claim_alert(consultation.id, now=NOW, until=NOW + timedelta(minutes=2))

    assert redrive().exit_code == 1
    assert aws.mails == []


def test_with_nothing_stuck_it_says_so(account: Account) -> None:
    result = redrive()

    assert result.exit_code == 0
    assert "0 pending alerts, 0 dead letters" in result.stdout
    assert "lambda.Invoke" not in account.asked


def test_one_of_two_pending_alerts_can_be_tried_alone(aws: Aws) -> None:
    """The other is tried with it if its time has come: here it has not."""
    wanted = a_stuck_alert(aws)
    repair_ses(aws)
    other = a_stuck_alert(aws, message="another")
    repair_ses(aws)

    result = command("retry", wanted.lower(), "--yes")

    assert result.exit_code == 0, result.output
    assert [mail["EmailTags"][0]["Value"] for mail in aws.mails] == [wanted]
    assert command("retry", "--dry-run").stdout.startswith(f"{other}  would be tried")


def test_retry_tries_all_and_says_which_are_still_pending(aws: Aws) -> None:
    id_ = a_stuck_alert(aws)

    result = command("retry", "--yes")

    assert result.exit_code == 1
    assert f"still pending  {id_}" in result.stdout


def test_a_reference_whose_alert_is_not_pending_is_named(aws: Aws) -> None:
    a_stuck_alert(aws)

    result = command("retry", "AAAA-AAAA-AAAA", "--yes")

    assert "AAAA-AAAA-AAAA  has no pending alert" in result.stdout
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


def test_a_letter_of_the_stream_is_read_back_into_its_consultations(account: Account) -> None:
    lambda_gives_up(account.aws)

    def iterator(params: Mapping[str, Any]) -> Answer:
        assert params == AT_ITS_START
        return {"ShardIterator": "here"}

    account.answers["dynamodbstreams.GetShardIterator"] = iterator
    account.answers["dynamodbstreams.GetRecords"] = {
        "Records": [
            a_record(1, "AAAA-AAAA-AAAA"),
            a_record(2, "AAAA-AAAA-AAAA", "event#1"),
            a_record(3, "BBBB-BBBB-BBBB"),
            a_record(4, "CCCC-CCCC-CCCC"),
        ]
    }
    result = redrive()

    assert result.exit_code == 0
    assert (
        "dead letter  AAAA-AAAA-AAAA, BBBB-BBBB-BBBB: "
        "given up by the stream, RetryAttemptsExhausted" in result.stdout
    )
    assert waiting_letters(account.aws) == 0


def test_a_letter_that_the_stream_has_forgotten_is_no_obstacle(account: Account) -> None:
    lambda_gives_up(account.aws)
    id_ = a_stuck_alert(account.aws)
    repair_ses(account.aws)
    trimmed = Refused("TrimmedDataAccessException")
    account.answers["dynamodbstreams.GetShardIterator"] = trimmed

    result = redrive()

    assert result.exit_code == 0
    assert "the stream no longer has it: given up" in result.stdout
    assert [mail["EmailTags"][0]["Value"] for mail in account.aws.mails] == [id_]


def test_a_failed_retry_is_said_and_loses_no_letter(account: Account) -> None:
    a_stuck_alert(account.aws)
    account.answers["lambda.Invoke"] = function_error("any")

    result = redrive()

    assert result.exit_code == 1
    assert "see the logs of the function RetryAlerts" in result.stderr
    assert waiting_letters(account.aws) == 1
