"""A flood becomes a bounded number of mails, and hides no request; spam is told of once a day."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from consultations.alert_budget import LOT, AlertBudget
from consultations.alerting import StaffAlerts
from consultations.clinic import load_clinic
from consultations.repository import ConsultationRepository
from consultations.staff_alert import AlertDetail
from functions.alert_staff import handler as alert_staff
from functions.retry_alerts import handler as retry_alerts
from functions.summarize_held_requests import handler as summarize_held_requests
from tests.builders import NOW, a_consultation, a_context, event, stream_event
from tests.conftest import Aws, Logs

BUDGET = 3
CONTACT_BUDGET = 2


@pytest.fixture(autouse=True)
def _small_budgets(
    monkeypatch: pytest.MonkeyPatch, time_machine: time_machine.TimeMachineFixture
) -> None:
    time_machine.move_to(NOW, tick=False)
    for function in (alert_staff, retry_alerts):
        monkeypatch.setattr(function, "staff_alerts", a_fresh_worker(function.staff_alerts))


def a_fresh_worker(staff_alerts: StaffAlerts) -> StaffAlerts:
    """One that has sent nothing in this hour."""
    budget = AlertBudget(
        staff_alerts.consultations, per_location=BUDGET, per_contact=CONTACT_BUDGET
    )
    return replace(staff_alerts, budget=budget)


@pytest.fixture
def calls() -> Iterator[list[str]]:
    """The operations that the function for alerts calls, in order."""
    noted: list[str] = []

    def note(event_name: str, **_: object) -> None:
        noted.append(event_name.rsplit(".", maxsplit=1)[-1])

    staff_alerts = alert_staff.staff_alerts
    clients: list[Any] = [
        staff_alerts.consultations._client,  # noqa: SLF001 - counted where they leave
        staff_alerts.mail.mailer._client,  # noqa: SLF001 - the same
    ]
    for client in clients:
        client.meta.events.register("before-send", note)
    yield noted
    for client in clients:
        client.meta.events.unregister("before-send", note)


def store(aws: Aws, number: int, **changes: object) -> str:
    contact = {"phone": f"480-555-01{number:02}", "full_name": f"Person {number}"}
    consultation = a_consultation(**{**contact, **changes})
    ConsultationRepository(aws.dynamodb, "consultations").add(consultation)
    return consultation.id


def alert(*ids: str) -> None:
    assert alert_staff.lambda_handler(stream_event(*ids), a_context(remaining_ms=170_000)) == {
        "batchItemFailures": []
    }


def retry() -> None:
    retry_alerts.lambda_handler(event("schedule.json"), a_context(remaining_ms=230_000))


def subject(mail: dict[str, Any]) -> str:
    text: str = mail["Content"]["Simple"]["Subject"]["Data"]
    return text


def body(mail: dict[str, Any]) -> str:
    text: str = mail["Content"]["Simple"]["Body"]["Text"]["Data"]
    return text


def test_a_flood_is_a_few_mails_and_one_digest_that_names_everybody(
    aws: Aws, measured: Callable[[str], None]
) -> None:
    ids = [store(aws, number) for number in range(60)]
    alert(*ids)
    assert len(aws.mails) == BUDGET

    retry()

    assert len(aws.mails) == BUDGET + 1
    digest = aws.mails[-1]
    assert subject(digest) == f"{60 - BUDGET} requests in one alert – Mesa"
    alone = [id_ for id_ in ids if any(id_ in subject(mail) for mail in aws.mails)]
    assert len(alone) == BUDGET
    for number, id_ in enumerate(ids):
        if id_ not in alone:
            assert id_ in body(digest)
            assert f"Person {number}\n" in body(digest)
    for item in aws.items():
        assert "pending" not in item
        assert item["alerted_at"]
        assert item["expires_at"]
    retry()
    assert len(aws.mails) == BUDGET + 1
    measured(f"flood in process: 60 requests in an hour, {len(aws.mails)} mails, 0 hidden")


def test_the_next_hour_has_a_budget_of_its_own(
    aws: Aws, time_machine: time_machine.TimeMachineFixture
) -> None:
    alert(*[store(aws, number) for number in range(BUDGET + 1)])
    time_machine.shift(timedelta(hours=1))
    alert(store(aws, 50))

    assert len(aws.mails) == BUDGET + 1


def test_each_location_has_a_budget_of_its_own(aws: Aws) -> None:
    alert(*[store(aws, number) for number in range(BUDGET + 1)])
    alert(store(aws, 50, location="san_diego"))
    retry()

    assert len(aws.mails) == BUDGET + 2
    assert aws.mails[-2]["Destination"]["ToAddresses"] == list(
        load_clinic().locations["san_diego"].staff
    )
    assert subject(aws.mails[-1]) == "1 request in one alert – Mesa"


def test_many_requests_of_one_contact_are_folded_and_others_are_not(aws: Aws) -> None:
    mine = [store(aws, 1, message=f"again {number}") for number in range(CONTACT_BUDGET + 1)]
    for id_ in mine:
        alert(id_)
    assert [mine[0] in subject(mail) for mail in aws.mails] == [True]
    folded = {item["id"]: item["alert_folded"] for item in aws.items() if "pending" in item}
    assert folded == dict.fromkeys(mine[1:], "contact_budget")

    other = store(aws, 2)
    alert(other)
    assert other in subject(aws.mails[-1])
    retry()
    assert all(id_ in body(aws.mails[-1]) for id_ in mine[1:])


def test_workers_that_know_nothing_of_each_other_go_above_the_budget_by_a_lot_at_most(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = 3
    for number in range(60):
        if number % (60 // workers) == 0:
            fresh = a_fresh_worker(alert_staff.staff_alerts)
            monkeypatch.setattr(alert_staff, "staff_alerts", fresh)
        alert(store(aws, number))

    assert BUDGET <= len(aws.mails) <= BUDGET + LOT * (workers - 1)


def test_an_alert_of_a_quiet_hour_takes_three_calls(aws: Aws, calls: list[str]) -> None:
    id_ = store(aws, 1)
    calls.clear()
    alert(id_)

    assert calls == ["UpdateItem", "SendEmail", "UpdateItem"]


def test_an_urgent_request_in_a_flood_stands_first_and_the_subject_says_so(aws: Aws) -> None:
    alert(*[store(aws, number) for number in range(BUDGET + 5)])
    urgent = store(aws, 60, message="I want to end my life")
    alert(urgent)
    retry()

    digest = aws.mails[-1]
    assert subject(digest) == "Priority: 6 requests in one alert – Mesa"
    assert len(subject(digest)) <= 60
    assert body(digest).index(urgent) < body(digest).index("Request: 2 of 6")
    assert "end my life" not in body(digest)


def test_a_digest_that_ses_refuses_stays_pending_and_is_sent_later(
    aws: Aws, time_machine: time_machine.TimeMachineFixture
) -> None:
    ids = [store(aws, number) for number in range(BUDGET + 2)]
    alert(*ids)
    aws.sesv2.delete_email_identity(EmailIdentity="alerts@example.com")
    retry()
    assert len(aws.mails) == BUDGET
    assert sum("pending" in item for item in aws.items()) == 2

    aws.sesv2.create_email_identity(EmailIdentity="alerts@example.com")
    time_machine.shift(timedelta(minutes=31))
    retry()
    assert subject(aws.mails[-1]) == "2 requests in one alert – Mesa"
    assert not any("pending" in item for item in aws.items())


@pytest.mark.parametrize("detail", ["reference", "contact", "full"])
def test_a_digest_says_of_each_what_its_own_alert_would_have_said(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, detail: AlertDetail
) -> None:
    mail = replace(retry_alerts.staff_alerts.mail, detail=detail)
    monkeypatch.setattr(retry_alerts, "staff_alerts", replace(retry_alerts.staff_alerts, mail=mail))
    alert(*[store(aws, number, message="Sentinel") for number in range(BUDGET + 1)])
    retry()

    assert ("Person" in body(aws.mails[-1])) is (detail != "reference")
    assert ("Sentinel" in body(aws.mails[-1])) is (detail == "full")


def test_staff_are_told_once_a_day_what_is_held_back(aws: Aws, logs: Logs) -> None:
    held = [store(aws, number, homepage="x", message="Sentinel") for number in range(3)]
    store(aws, 50)

    summarize_held_requests.lambda_handler({}, a_context())
    summarize_held_requests.lambda_handler({}, a_context())

    (summary,) = aws.mails
    assert subject(summary) == "3 requests were held back as spam"
    assert summary["Destination"]["ToAddresses"] == list(load_clinic().staff)
    for id_ in held:
        assert id_ in body(summary)
    assert "Person" not in body(summary)
    assert "Sentinel" not in body(summary)
    assert "Person" not in logs.text()
    assert all(item["status"] == "quarantined" for item in aws.items() if item["id"] in held)


def test_a_summary_that_ses_refuses_is_sent_the_next_time(aws: Aws) -> None:
    store(aws, 1, homepage="x")
    aws.sesv2.delete_email_identity(EmailIdentity="alerts@example.com")
    with pytest.raises(Exception, match="MessageRejected"):
        summarize_held_requests.lambda_handler({}, a_context())

    aws.sesv2.create_email_identity(EmailIdentity="alerts@example.com")
    summarize_held_requests.lambda_handler({}, a_context())
    assert subject(aws.mails[0]) == "1 request was held back as spam"


def test_a_released_request_is_in_no_further_summary(aws: Aws) -> None:
    held = store(aws, 1, homepage="x")
    consultations = ConsultationRepository(aws.dynamodb, "consultations")
    assert consultations.release(held, now=NOW, keep_until=NOW + timedelta(days=730))
    summarize_held_requests.lambda_handler({}, a_context())
    assert aws.mails == []

    retry()
    assert held in subject(aws.mails[0])
