"""One request that can't be alerted as it is: nobody behind it waits, and it is not forgotten."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HTTPHeaders
from moto.core.botocore_stubber import MockRawResponse

from consultations.alerting import StaffAlerts
from consultations.repository import ConsultationRepository
from functions.alert_staff import handler as alert_staff
from functions.retry_alerts import handler as retry_alerts
from tests.builders import NOW, a_consultation, a_context, stream_event
from tests.conftest import Aws, Logs

TYPED = "something that SES takes for harmful"


@pytest.fixture(autouse=True)
def _at_a_known_time(time_machine: time_machine.TimeMachineFixture) -> None:
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def _ses_rejects_what_was_typed() -> Iterator[None]:
    yield from _rejections(alert_staff.staff_alerts)


@pytest.fixture
def _ses_rejects_what_was_typed_in_a_digest() -> Iterator[None]:
    yield from _rejections(retry_alerts.staff_alerts)


def _rejections(staff_alerts: StaffAlerts) -> Iterator[None]:
    def reject(request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        if TYPED not in bytes(request.body).decode("unicode_escape"):  # type: ignore[arg-type] # JSON
            return None
        headers = HTTPHeaders.from_dict({"x-amzn-errortype": "MessageRejected"})
        raw: Any = MockRawResponse(b"{}")
        return AWSResponse(request.url, 400, headers, raw)

    events: Any = staff_alerts.mail.mailer._client.meta.events  # noqa: SLF001 - where mail leaves
    events.register_first("before-send.sesv2.SendEmail", reject)
    yield
    events.unregister("before-send.sesv2.SendEmail", reject)


def store(aws: Aws, **changes: object) -> str:
    consultation = a_consultation(**changes)
    ConsultationRepository(aws.dynamodb, "consultations").add(consultation)
    return consultation.id


def spoil(aws: Aws, id_: str) -> None:
    """Make a record one that can't be read."""
    aws.dynamodb.update_item(
        TableName="consultations",
        Key={"id": {"S": id_}, "record": {"S": "consultation"}},
        UpdateExpression="REMOVE preferred_contact",
    )


def alert(*ids: str) -> object:
    return alert_staff.lambda_handler(stream_event(*ids), a_context())


def test_those_behind_a_bad_record_are_alerted_and_it_is_named(aws: Aws, logs: Logs) -> None:
    bad, good = store(aws, full_name="Bad Record"), store(aws, full_name="Good Record")
    spoil(aws, bad)

    assert alert(bad, good) == {"batchItemFailures": []}
    assert [mail["EmailTags"][0]["Value"] for mail in aws.mails] == [good]
    assert aws.letters() == [{"consultation_id": bad, "reason": "KeyError", "attempt": 1}]
    lines = logs.documents()
    (line,) = [line for line in lines if line.get("fault") == "unforeseen"]
    assert any("staff_alert" in frame for frame in line["frames"])
    assert any("AlertHeld" in line for line in lines), "the alarm does not ring"


def test_a_bad_record_stays_pending_until_it_is_put_right(
    aws: Aws, time_machine: time_machine.TimeMachineFixture
) -> None:
    id_ = store(aws)
    spoil(aws, id_)
    for _ in range(20):
        time_machine.shift(1860)
        retry_alerts.lambda_handler({}, a_context())
    assert aws.item()["alert_attempts"] == 20
    assert aws.item()["pending"] == "alert"

    aws.dynamodb.update_item(
        TableName="consultations",
        Key={"id": {"S": id_}, "record": {"S": "consultation"}},
        UpdateExpression="SET preferred_contact = :call",
        ExpressionAttributeValues={":call": {"S": "call"}},
    )
    time_machine.shift(1860)
    retry_alerts.lambda_handler({}, a_context())
    assert len(aws.mails) == 1
    assert "pending" not in aws.item()


@pytest.mark.usefixtures("_ses_rejects_what_was_typed")
def test_what_is_rejected_is_sent_at_once_without_what_was_typed(aws: Aws) -> None:
    id_ = store(aws, full_name=TYPED)
    alert(id_)

    (mail,) = aws.mails
    text = mail["Content"]["Simple"]["Body"]["Text"]["Data"]
    assert id_ in text
    assert TYPED not in text
    assert "pending" not in aws.item()
    assert aws.letters() == [{"consultation_id": id_, "reason": "MessageRejected", "attempt": 1}]


def test_the_age_of_the_oldest_pending_alert_is_counted_before_anything_is_tried(
    aws: Aws, logs: Logs, time_machine: time_machine.TimeMachineFixture
) -> None:
    store(aws)
    time_machine.shift(700)
    retry_alerts.lambda_handler({}, a_context(remaining_ms=0))

    assert counted(logs) == {
        "OldestPendingAlertAge": [700.0],
        "PendingAlerts": [1.0],
        "Received": [0.0],
    }
    assert aws.mails == []


def test_with_nothing_pending_the_age_is_zero(aws: Aws, logs: Logs) -> None:
    assert aws.items() == []
    retry_alerts.lambda_handler({}, a_context())

    assert counted(logs)["OldestPendingAlertAge"] == [0.0]


def counted(logs: Logs) -> dict[str, list[float]]:
    """The metrics, with the one dimension that the alarms ask for."""
    found: dict[str, list[float]] = {}
    for line in logs.documents():
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            assert directive["Dimensions"] == [["service"]]
            assert line["service"] == "consultations"
            found |= {metric["Name"]: line[metric["Name"]] for metric in directive["Metrics"]}
    return found


def fold(aws: Aws, *ids: str) -> None:
    """As if these came above the budget."""
    for id_ in ids:
        aws.dynamodb.update_item(
            TableName="consultations",
            Key={"id": {"S": id_}, "record": {"S": "consultation"}},
            UpdateExpression="SET pending = :digest",
            ExpressionAttributeValues={":digest": {"S": "digest"}},
        )


def sweep() -> None:
    retry_alerts.lambda_handler({}, a_context(remaining_ms=230_000))


def test_a_bad_record_keeps_nobody_out_of_the_digest_and_is_named(aws: Aws) -> None:
    bad, good = store(aws, full_name="Bad Record"), store(aws, full_name="Good Record")
    fold(aws, bad, good)
    spoil(aws, bad)
    sweep()

    (mail,) = aws.mails
    assert good in mail["Content"]["Simple"]["Body"]["Text"]["Data"]
    items = {item["id"]: item for item in aws.items() if item["record"] == "consultation"}
    assert "pending" not in items[good]
    assert items[bad]["pending"] == "digest"
    assert items[bad]["alert_fault"] == "unforeseen"


@pytest.mark.usefixtures("_ses_rejects_what_was_typed_in_a_digest")
def test_a_digest_that_ses_rejects_is_sent_at_once_without_what_was_typed(aws: Aws) -> None:
    one, other = store(aws, full_name=TYPED), store(aws, full_name="Good Record")
    fold(aws, one, other)
    sweep()

    (mail,) = aws.mails
    text = mail["Content"]["Simple"]["Body"]["Text"]["Data"]
    assert one in text
    assert other in text
    assert "Good Record" not in text
    assert all("pending" not in item for item in aws.items())
