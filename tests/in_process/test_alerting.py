"""A new consultation in the table becomes one mail to the staff of its location."""

from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse

from consultations.repository import ConsultationRepository
from functions.alert_staff import handler as alert_staff
from functions.retry_alerts import handler as retry_alerts
from tests.builders import (
    CLINIC,
    NOW,
    a_consultation,
    a_context,
    event,
    stream_event,
)
from tests.conftest import Aws, Logs


@pytest.fixture(autouse=True)
def _at_a_known_time(time_machine: time_machine.TimeMachineFixture) -> None:
    time_machine.move_to(NOW, tick=False)


def store(aws: Aws, **changes: object) -> str:
    consultation = a_consultation(**changes)
    ConsultationRepository(aws.dynamodb, "consultations").add(consultation)
    return consultation.id


def alert(*ids: str) -> PartialItemFailureResponse:
    response: PartialItemFailureResponse = alert_staff.lambda_handler(
        stream_event(*ids), a_context()
    )
    return response


def retry(*, remaining_ms: int = 200_000) -> None:
    retry_alerts.lambda_handler(event("schedule.json"), a_context(remaining_ms=remaining_ms))


def break_ses(aws: Aws) -> None:
    aws.sesv2.delete_email_identity(EmailIdentity="alerts@example.com")


def repair_ses(aws: Aws) -> None:
    aws.sesv2.create_email_identity(EmailIdentity="alerts@example.com")


def test_how_long_a_request_waited_for_its_alert_is_counted(
    aws: Aws, logs: Logs, time_machine: time_machine.TimeMachineFixture
) -> None:
    id_ = store(aws)
    time_machine.move_to(NOW + timedelta(seconds=90), tick=False)

    alert(id_)

    (counted,) = [line for line in logs.documents() if "AlertDelay" in line]
    assert counted["AlertDelay"] == [90.0]
    assert {"Name": "AlertDelay", "Unit": "Seconds"} in counted["_aws"]["CloudWatchMetrics"][0][
        "Metrics"
    ]


def test_the_staff_of_the_chosen_location_get_one_mail(aws: Aws) -> None:
    id_ = store(aws, location="san_diego")

    assert alert(id_) == {"batchItemFailures": []}

    (mail,) = aws.mails
    assert mail["Destination"] == {
        "ToAddresses": ["san-diego-front-desk@example.com", "san-diego-manager@example.com"]
    }
    assert mail["FromEmailAddress"] == "Saguaro Bloom Clinic <alerts@example.com>"
    assert mail["ReplyToAddresses"] == ["front-desk@example.com"]
    assert mail["ConfigurationSetName"] == "alert-mail"
    assert mail["EmailTags"] == [{"Name": "consultation_id", "Value": id_}]
    content = mail["Content"]["Simple"]
    assert content["Subject"]["Data"] == f"New consultation request – San Diego – {id_}"
    assert "Ana Ejemplo" in content["Body"]["Text"]["Data"]
    assert "Ana Ejemplo" in content["Body"]["Html"]["Data"]
    headers = {header["Name"]: header["Value"] for header in content["Headers"]}
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["References"] == f"<{id_}@example.com>"
    assert headers["X-Correlation-Id"] == aws.item()["correlation_id"]


def test_a_person_who_is_not_sure_reaches_the_clinic_itself(aws: Aws) -> None:
    alert(store(aws, location="not_sure"))

    assert aws.mails[0]["Destination"]["ToAddresses"] == list(CLINIC.staff)


def test_outside_production_every_alert_goes_to_one_address(aws: Aws) -> None:
    mail = replace(alert_staff.staff_alerts.mail, override_address="team@example.com")
    staging = replace(alert_staff.staff_alerts, mail=mail)
    staging.deliver(store(aws, location="mesa"), now=NOW)

    assert aws.mails[0]["Destination"] == {"ToAddresses": ["team@example.com"]}


def test_an_alerted_consultation_is_no_longer_pending(aws: Aws) -> None:
    alert(store(aws))
    item = aws.item()

    assert item["alerted_at"] == "2026-01-31T16:30:00.000Z"
    assert item["alert_message_id"]
    assert "pending" not in item
    assert "claimed_until" not in item


def test_a_record_delivered_twice_alerts_once(aws: Aws) -> None:
    id_ = store(aws)

    assert alert(id_, id_) == {"batchItemFailures": []}
    assert alert(id_) == {"batchItemFailures": []}
    retry()
    assert len(aws.mails) == 1


def test_a_quarantined_request_alerts_nobody(aws: Aws) -> None:
    id_ = store(aws, homepage="https://spam.test")

    assert alert(id_) == {"batchItemFailures": []}
    retry()
    assert aws.mails == []


def test_a_record_of_something_erased_is_passed_over(aws: Aws) -> None:
    assert alert("0000-0000-0000") == {"batchItemFailures": []}
    assert aws.mails == []


def test_an_alert_that_ses_refuses_stays_pending_with_the_reason(aws: Aws) -> None:
    break_ses(aws)
    id_ = store(aws)

    assert alert(id_) == {"batchItemFailures": []}
    item = aws.item()
    assert item["pending"] == "alert"
    assert item["alert_error"] == "MessageRejected"
    assert item["alert_attempts"] == 1


def test_a_pending_alert_is_sent_by_the_next_scheduled_run(
    aws: Aws, time_machine: time_machine.TimeMachineFixture
) -> None:
    break_ses(aws)
    alert(store(aws))
    time_machine.shift(timedelta(minutes=5))
    repair_ses(aws)
    retry()

    assert len(aws.mails) == 1
    assert "pending" not in aws.item()
    assert "alert_error" not in aws.item()


def test_a_consultation_that_the_stream_never_delivered_is_alerted_on_schedule(aws: Aws) -> None:
    store(aws)
    retry()

    assert len(aws.mails) == 1


def test_while_one_worker_holds_an_alert_no_other_sends_it(
    aws: Aws, time_machine: time_machine.TimeMachineFixture
) -> None:
    id_ = store(aws)
    consultations = ConsultationRepository(aws.dynamodb, "consultations")
    assert consultations.claim_alert(id_, now=NOW, until=NOW + timedelta(minutes=2))

    alert(id_)
    assert aws.mails == []

    time_machine.shift(timedelta(minutes=2))
    retry()
    assert len(aws.mails) == 1


def test_a_run_that_is_short_of_time_leaves_the_rest_to_the_next(aws: Aws) -> None:
    store(aws)
    retry(remaining_ms=1_000)
    assert aws.mails == []

    retry()
    assert len(aws.mails) == 1


def test_when_the_table_fails_the_record_is_delivered_again(aws: Aws, logs: Logs) -> None:
    id_ = store(aws)
    aws.dynamodb.delete_table(TableName="consultations")

    assert alert(id_) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    (line,) = [line for line in logs.documents() if line.get("level") == "ERROR"]
    assert line["consultation_id"] == id_


def test_every_file_of_events_for_the_stream_and_the_schedule_is_understood(aws: Aws) -> None:
    store(aws)

    assert alert_staff.lambda_handler(event("stream_records.json"), a_context()) == {
        "batchItemFailures": []
    }
    retry()
    assert len(aws.mails) == 1
