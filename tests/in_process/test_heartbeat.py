"""The daily test submission, through the functions as they are; only the wire between is ours."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from urllib3 import HTTPResponse

from functions.alert_staff import handler as alert_staff
from functions.send_heartbeat import handler as send_heartbeat
from functions.submit_consultation import handler as submit_consultation
from tests.builders import NOW, a_context, a_post, stream_event
from tests.conftest import Aws, Logs


@pytest.fixture(autouse=True)
def _at_a_known_time(time_machine: time_machine.TimeMachineFixture) -> None:
    time_machine.move_to(NOW, tick=False)


@pytest.fixture(autouse=True)
def gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the heartbeat posts reaches the submit function, as through the gateway."""

    def request(
        _method: str, _url: str, json: dict[str, Any], headers: dict[str, str]
    ) -> HTTPResponse:
        answer = submit_consultation.lambda_handler(
            a_post(json, **{name.replace("-", "_"): each for name, each in headers.items()}),
            a_context(),
        )
        return HTTPResponse(answer["body"].encode(), status=answer["statusCode"])

    monkeypatch.setattr(send_heartbeat.http, "request", request)


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: happens())


def test_it_is_alerted_to_the_test_mailbox_and_removed(
    aws: Aws, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def alert() -> None:
        alert_staff.lambda_handler(stream_event(aws.item()["id"]), a_context())

    meanwhile(monkeypatch, alert)
    send_heartbeat.lambda_handler({}, a_context())

    (mail,) = aws.mails
    assert mail["Destination"] == {"ToAddresses": ["heartbeat@example.com"]}
    assert aws.items() == []
    counted = [line for line in logs.documents() if "_aws" in line]
    assert [line["HeartbeatCompleted"] for line in counted if "HeartbeatCompleted" in line] == [[1]]
    assert not any("Received" in line for line in counted), "silence would not be noticed"


def test_it_fails_and_leaves_the_test_to_expire_when_no_alert_is_sent(
    aws: Aws, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, lambda: None)
    with pytest.raises(send_heartbeat.HeartbeatError):
        send_heartbeat.lambda_handler({}, a_context(remaining_ms=10_000))

    assert aws.item()["heartbeat"] is True
    assert aws.item()["expires_at"] == int(NOW.timestamp()) + 86_400
    assert "HeartbeatCompleted" not in logs.text()


def test_it_fails_when_the_submission_is_not_accepted(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEARTBEAT_ADDRESS", "not an address")
    with pytest.raises(send_heartbeat.HeartbeatError, match="422"):
        send_heartbeat.lambda_handler({}, a_context())

    assert aws.items() == []


@pytest.mark.parametrize("forged", ["true", "1769877000.00", "0.0"])
def test_a_stranger_is_a_person_whatever_they_send(aws: Aws, forged: str) -> None:
    key = "00000000-0000-4000-8000-000000000001"
    answer = submit_consultation.lambda_handler(
        a_post(Heartbeat=forged, Idempotency_Key=key), a_context()
    )
    alert_staff.lambda_handler(stream_event(json.loads(answer["body"])["id"]), a_context())

    assert aws.item()["heartbeat"] is False
    (mail,) = aws.mails
    assert "heartbeat@example.com" not in mail["Destination"]["ToAddresses"]


def test_only_a_test_can_be_removed_as_one(aws: Aws) -> None:
    answer = submit_consultation.lambda_handler(a_post(), a_context())
    with pytest.raises(aws.dynamodb.exceptions.ConditionalCheckFailedException):
        send_heartbeat.consultations.remove_heartbeat(json.loads(answer["body"])["id"])

    assert len(aws.items()) == 1
