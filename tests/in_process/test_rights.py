"""Retention, and what a person may ask for: their requests exported or erased, found by contact."""

from datetime import timedelta
from typing import Any

import pytest

from consultations.consultation import Retention
from consultations.repository import ConsultationRepository
from functions.alert_staff import handler as alert_staff
from functions.retry_alerts import handler as retry_alerts
from operations import person
from operations import release as releasing
from operations.deployment import Deployment
from tests.builders import NOW, SALT, a_consultation, a_context, event, stream_event
from tests.conftest import Aws

OPERATOR = "arn:aws:iam::123456789012:user/operator"


@pytest.fixture
def deployment(aws: Aws) -> Deployment:
    return Deployment(
        consultations=ConsultationRepository(aws.dynamodb, "consultations"),
        id_salt=SALT,
        retention=Retention(accepted=730, quarantined=90),
        operator=OPERATOR,
    )


def export(deployment: Deployment, who: str) -> list[dict[str, Any]]:
    found_by, ids = deployment.find(who)
    return list(person.export(deployment, found_by, ids, now=NOW))


def erase(deployment: Deployment, who: str) -> list[str]:
    found_by, ids = deployment.find(who)
    return [id_ for id_, done in person.erase(deployment, found_by, ids, now=NOW) if done]


def release(deployment: Deployment, *ids: str) -> list[str]:
    return [id_ for id_, done in releasing.release(deployment, ids, now=NOW) if done]


def store(deployment: Deployment, **changes: object) -> str:
    consultation = a_consultation(**changes)
    deployment.consultations.add(consultation)
    return consultation.id


def audits(aws: Aws) -> list[dict[str, object]]:
    return [item for item in aws.items() if item["id"] == "audit"]


def consultations(aws: Aws) -> dict[str, dict[str, object]]:
    return {item["id"]: item for item in aws.items() if item["record"] == "consultation"}


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ("ana@example.com", "ana@example.com"),
        ("Ana@Example.COM", " ana@example.com "),
        ("ana@bücher.example", "ANA@xn--bcher-kva.example"),
        ("jose\u0301@example.com", "jos\u00e9@example.com"),
    ],
)
def test_a_person_s_requests_are_found_by_address_however_it_is_written(
    deployment: Deployment, stored: str, asked: str
) -> None:
    mine = {store(deployment, email=stored, message=message) for message in ("one", "two")}
    store(deployment, email="other@example.com")

    found_by, ids = deployment.find(asked)

    assert found_by == "email"
    assert set(ids) == mine


@pytest.mark.parametrize("asked", ["480-555-0123", "+1 (480) 555 0123", "4805550123"])
def test_a_person_s_requests_are_found_by_number_however_it_is_written(
    deployment: Deployment, asked: str
) -> None:
    mine = store(deployment, phone="480.555.0123")
    store(deployment, phone="480-555-0199")

    assert deployment.find(asked) == ("phone", [mine])


def test_a_reference_is_found_in_small_letters_too(deployment: Deployment) -> None:
    mine = store(deployment)

    assert deployment.find(mine.lower()) == ("id", [mine])


@pytest.mark.parametrize("asked", ["", "ana", "@", "ana@", "0000-0000-0000", "audit"])
def test_what_is_no_way_to_name_a_person_is_refused(deployment: Deployment, asked: str) -> None:
    store(deployment)

    with pytest.raises(ValueError, match=r"^not a"):
        deployment.find(asked)


@pytest.mark.parametrize("asked", ["nobody@example.com", "480-555-0177"])
def test_of_whom_there_is_nothing_nothing_is_found(deployment: Deployment, asked: str) -> None:
    store(deployment)

    assert deployment.find(asked)[1] == []
    assert erase(deployment, asked) == []


def test_an_index_holds_no_address_and_no_number(aws: Aws, deployment: Deployment) -> None:
    store(deployment, email="ana@example.com")

    for index in ("by_email", "by_phone", "pending_alerts"):
        (entry,) = aws.dynamodb.scan(TableName="consultations", IndexName=index)["Items"]
        assert set(entry) <= {
            *("id", "record", "received_at", "pending", "email_digest", "phone_digest")
        }
        for personal in ("ana", "example", "555", "0123"):
            assert personal not in str(entry["id"]) + str(entry.get("email_digest", "")).lower()
    other = a_consultation(email="ana@example.com", phone="480-555-0123")
    assert len({other.email_digest, other.phone_digest}) == 2


def test_the_digest_of_a_contact_depends_on_the_deployment_s_salt(deployment: Deployment) -> None:
    store(deployment, email="ana@example.com")
    elsewhere = Deployment(
        consultations=deployment.consultations,
        id_salt="another",
        retention=deployment.retention,
        operator=OPERATOR,
    )

    assert elsewhere.find("ana@example.com") == ("email", [])


def test_an_export_holds_all_that_is_stored_and_is_audited(
    aws: Aws, deployment: Deployment
) -> None:
    mine = store(deployment, email="ana@example.com", message="mine")
    store(deployment, email="other@example.com", message="not mine", phone="480-555-0199")

    records = export(deployment, "ana@example.com")

    assert records == [consultations(aws)[mine]]
    (audit,) = audits(aws)
    assert audit["action"] == "export"
    assert audit["found_by"] == "email"
    assert audit["by"] == OPERATOR
    assert audit["consultations"] == [mine]
    assert audit["expires_at"] == int((NOW + timedelta(days=2192)).timestamp())


def test_an_erased_request_is_gone_with_all_beside_it_and_others_stay(
    aws: Aws, deployment: Deployment
) -> None:
    mine = store(deployment, email="ana@example.com")
    aws.dynamodb.put_item(
        TableName="consultations", Item={"id": {"S": mine}, "record": {"S": "event#1"}}
    )
    other = store(deployment, email="other@example.com")

    assert erase(deployment, "ana@example.com") == [mine]
    assert set(consultations(aws)) == {other}
    assert not deployment.consultations.records(mine)
    (audit,) = audits(aws)
    assert audit["action"] == "erase"
    assert "ana" not in str(audit)
    assert "Ejemplo" not in str(audit)
    assert "555" not in str({**audit, "record": "", "expires_at": ""})


def test_what_was_erased_is_alerted_no_more(aws: Aws, deployment: Deployment) -> None:
    mine = store(deployment, email="ana@example.com")
    erase(deployment, mine)

    alert_staff.lambda_handler(stream_event(mine), a_context())
    retry_alerts.lambda_handler(event("schedule.json"), a_context(remaining_ms=200_000))

    assert aws.mails == []
    assert consultations(aws) == {}


def test_nothing_expires_as_long_as_its_alert_is_pending(aws: Aws, deployment: Deployment) -> None:
    mine = store(deployment)
    assert "expires_at" not in consultations(aws)[mine]

    alert_staff.lambda_handler(stream_event(mine), a_context())

    assert consultations(aws)[mine]["expires_at"] == int((NOW + timedelta(days=730)).timestamp())


def test_a_quarantined_request_expires_sooner(aws: Aws, deployment: Deployment) -> None:
    held = store(deployment, homepage="https://spam.test")

    assert consultations(aws)[held]["expires_at"] == int((NOW + timedelta(days=90)).timestamp())


def test_a_released_request_is_alerted_as_if_it_were_new_and_kept_as_long(
    aws: Aws, deployment: Deployment
) -> None:
    held = store(deployment, homepage="filled by a browser")

    assert release(deployment, held) == [held]
    assert "expires_at" not in consultations(aws)[held]
    retry_alerts.lambda_handler(event("schedule.json"), a_context(remaining_ms=200_000))

    (mail,) = aws.mails
    assert held in mail["Content"]["Simple"]["Subject"]["Data"]
    item = consultations(aws)[held]
    assert item["status"] == "accepted"
    assert item["reasons"] == ["honeypot_filled"]
    assert item["expires_at"] == int((NOW + timedelta(days=730)).timestamp())
    assert [audit["action"] for audit in audits(aws)] == ["release"]


def test_only_what_is_held_back_is_released(aws: Aws, deployment: Deployment) -> None:
    accepted = store(deployment)
    alert_staff.lambda_handler(stream_event(accepted), a_context())

    assert release(deployment, accepted, "0000-0000-0000") == []
    assert "pending" not in consultations(aws)[accepted]
    assert set(consultations(aws)) == {accepted}
    assert len(aws.mails) == 1
