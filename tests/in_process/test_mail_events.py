"""What became of an alert is kept beside its consultation, and said without an address."""

import json

import boto3
import pytest

from consultations.repository import ConsultationRepository
from functions.alert_staff import handler as alert_staff
from functions.record_mail_event import handler as record_mail_event
from tests.builders import a_consultation, a_context, event, stream_event
from tests.conftest import Aws, Logs

SAMPLES = {
    "mail_bounced.json": ("Bounce", "Permanent General", ["Mesa, mailbox 2"]),
    "mail_complained_of.json": ("Complaint", "abuse", ["Mesa, mailbox 1"]),
    "mail_rejected.json": ("Reject", "Bad content", ["Mesa, mailbox 1", "Mesa, mailbox 2"]),
    "mail_delayed.json": ("DeliveryDelay", "MailboxFull", ["Mesa, mailbox 1"]),
}


@pytest.fixture
def notices(aws: Aws) -> "Notices":
    return Notices(aws)


class Notices:
    """What the topic of alarms was told."""

    def __init__(self, aws: Aws) -> None:
        self._sqs = aws.sqs
        self._queue = aws.sqs.create_queue(QueueName="subscriber")["QueueUrl"]
        sns = boto3.client("sns")
        topic = sns.create_topic(Name="alarms")["TopicArn"]
        queue = "arn:aws:sqs:us-east-1:123456789012:subscriber"
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)

    def read(self) -> list[str]:
        messages = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
        return [json.loads(each["Body"])["Message"] for each in messages.get("Messages", [])]


def happens(sample: str, consultation_id: str) -> None:
    mail_event = event(sample)
    mail_event["detail"]["mail"]["tags"]["consultation_id"] = [consultation_id]
    record_mail_event.lambda_handler(mail_event, a_context())


def stored(aws: Aws, **changes: object) -> str:
    consultation = a_consultation(**changes)
    ConsultationRepository(aws.dynamodb, "consultations").add(consultation)
    return consultation.id


def events_of(aws: Aws) -> list[dict[str, object]]:
    return [item for item in aws.items() if item["record"].startswith("event#")]


@pytest.mark.parametrize("sample", SAMPLES)
def test_each_kind_is_kept_and_names_the_mailbox_by_location(
    sample: str, aws: Aws, notices: Notices
) -> None:
    id_ = stored(aws)
    happens(sample, id_)

    kind, reason, mailboxes = SAMPLES[sample]
    (kept,) = events_of(aws)
    assert kept["id"] == id_
    assert (kept["kind"], kept["reason"], kept["mailboxes"]) == (kind, reason, mailboxes)
    assert kept["expires_at"]
    (notice,) = notices.read()
    assert id_ in notice
    assert all(mailbox in notice for mailbox in mailboxes)
    assert "docs/runbooks/mail-not-delivered.md" in notice


@pytest.mark.parametrize("sample", SAMPLES)
def test_no_address_is_logged_kept_or_said(
    sample: str, aws: Aws, notices: Notices, logs: Logs
) -> None:
    happens(sample, stored(aws))

    said = logs.text() + json.dumps(notices.read()) + json.dumps(events_of(aws), default=str)
    assert "mail not delivered" in said
    assert "@example.com" not in said


@pytest.mark.usefixtures("notices")
def test_an_event_told_twice_is_kept_once(aws: Aws) -> None:
    id_ = stored(aws)
    happens("mail_bounced.json", id_)
    happens("mail_bounced.json", id_)

    assert len(events_of(aws)) == 1


def test_nothing_is_kept_of_a_consultation_that_was_erased(aws: Aws, notices: Notices) -> None:
    happens("mail_bounced.json", "0000-0000-0000")

    assert aws.items() == []
    assert len(notices.read()) == 1


@pytest.mark.usefixtures("notices")
def test_an_event_counts_for_the_alarm(aws: Aws, logs: Logs) -> None:
    happens("mail_bounced.json", stored(aws))

    (counted,) = [line for line in logs.documents() if "MailNotDelivered" in line]
    assert counted["MailNotDelivered"] == [1.0]


@pytest.mark.usefixtures("notices")
def test_when_one_mailbox_bounces_the_others_still_get_alerts(aws: Aws) -> None:
    first = stored(aws)
    alert_staff.lambda_handler(stream_event(first), a_context())
    happens("mail_bounced.json", first)
    second = stored(aws, full_name="Another One")
    alert_staff.lambda_handler(stream_event(second), a_context())

    both = {"ToAddresses": ["mesa-front-desk@example.com", "mesa-manager@example.com"]}
    assert [mail["Destination"] for mail in aws.mails] == [both, both]


def test_that_the_daily_test_arrived_is_logged_and_neither_kept_nor_told(
    aws: Aws, notices: Notices, logs: Logs
) -> None:
    happens("mail_delivered.json", stored(aws))

    (line,) = [line for line in logs.documents() if line.get("message") == "mail delivered"]
    assert line["consultation_id"]
    assert "@" not in json.dumps(line)
    assert events_of(aws) == []
    assert notices.read() == []
