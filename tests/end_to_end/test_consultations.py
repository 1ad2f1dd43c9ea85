"""What a person, a site and the staff see of the deployed stack."""

from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from local.stack import RECIPIENT, SENDER
from tests.builders import fields, urlencoded
from tests.end_to_end.deployment import ORIGINS, Deployment, eventually, multipart

URLENCODED = "application/x-www-form-urlencoded"
LONG_AGO = "2000-01-01T00:00:00.000Z"


def test_a_json_post_becomes_an_item_and_an_alert(deployment: Deployment) -> None:
    answer = deployment.post(full_name="Ana Ejemplo-O'Sample", location="mesa")

    assert answer.status == 201
    reference = answer.document["id"]
    item = deployment.item(reference)
    assert item["full_name"] == "Ana Ejemplo-O'Sample"
    assert item["status"] == "accepted"
    assert item["received_at"] == answer.document["received_at"]
    alert = deployment.alert(reference)
    assert alert.subject == f"New consultation request – Mesa – {reference}"
    assert alert.recipients == (RECIPIENT,)
    assert SENDER in alert.sender
    assert "Name: Ana Ejemplo-O'Sample" in alert.text
    assert "Ana Ejemplo-O&#x27;Sample" in alert.html
    assert reference in alert.text
    assert reference in alert.html


def test_a_consultation_knows_that_its_alert_was_sent(deployment: Deployment) -> None:
    reference = deployment.received()

    item = eventually(
        lambda: next((item for item in deployment.items(reference) if "alerted_at" in item), None),
        "the alert is marked as sent",
    )
    assert "pending" not in item


def test_a_form_of_a_browser_is_sent_on_to_the_confirmation(deployment: Deployment) -> None:
    answer = deployment.request(
        "POST",
        urlencoded(full_name="José Browser", interests=["depression", "ptsd"]),
        Accept="text/html,application/xhtml+xml",
        Content_Type=URLENCODED,
    )

    assert answer.status == 303
    address = urlsplit(answer.headers["location"])
    assert address.path == "received"
    (reference,) = parse_qs(address.query)["reference"]
    item = deployment.item(reference)
    assert item["full_name"] == "José Browser"
    assert item["interests"] == ["depression", "ptsd"]


def test_a_multipart_form_is_stored_too(deployment: Deployment) -> None:
    body, content_type = multipart(fields(full_name="Mina Multipart"))

    answer = deployment.request("POST", body, Content_Type=content_type)

    assert answer.status == 201
    assert deployment.item(answer.document["id"])["full_name"] == "Mina Multipart"


def test_the_same_idempotency_key_twice_is_one_item_and_one_alert(deployment: Deployment) -> None:
    key = str(uuid4())
    first, second = (
        deployment.post(headers={"Idempotency-Key": f'"{key}"'}, submission_id=...)
        for _ in range(2)
    )

    assert (first.status, second.status) == (201, 201)
    assert second.document == first.document
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    deployment.after_all_alerts()
    reference = first.document["id"]
    assert len(deployment.items(reference)) == 1
    assert len(deployment.alerts(reference)) == 1


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_page_of_an_allowed_origin_may_post(deployment: Deployment, origin: str) -> None:
    preflight = deployment.request(
        "OPTIONS",
        Origin=origin,
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="content-type,idempotency-key",
    )
    answer = deployment.post(headers={"Origin": origin})

    assert preflight.status == 204
    assert preflight.headers["access-control-allow-origin"] == origin
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert "idempotency-key" in preflight.headers["access-control-allow-headers"].lower()
    assert answer.status == 201
    assert answer.headers["access-control-allow-origin"] == origin


def test_a_page_of_another_origin_may_not(deployment: Deployment) -> None:
    other = "https://elsewhere.example.net"

    preflight = deployment.request("OPTIONS", Origin=other, Access_Control_Request_Method="POST")
    answer = deployment.post(headers={"Origin": other})

    assert "access-control-allow-origin" not in preflight.headers
    assert answer.status == 403
    assert "access-control-allow-origin" not in answer.headers


SCRIPTS = ["José", "O'Brien", "王小明", "🌵 saguaro", "שלום עליכם", "<b>&\"'%\\ ${x}", "a\u0301 å"]


@pytest.mark.parametrize("encoding", ["json", "urlencoded", "multipart"])
@pytest.mark.parametrize("typed", SCRIPTS)
def test_what_a_person_typed_is_stored_as_it_was_typed(
    deployment: Deployment, typed: str, encoding: str
) -> None:
    form = fields(full_name=typed, message=typed, email=f"{encoding}@example.com")

    match encoding:
        case "json":
            answer = deployment.post(**form)
        case "urlencoded":
            answer = deployment.request("POST", urlencoded(**form), Content_Type=URLENCODED)
        case _:
            body, content_type = multipart(form)
            answer = deployment.request("POST", body, Content_Type=content_type)

    assert answer.status == 201, answer.body
    item = deployment.item(answer.document["id"])
    assert item["full_name"] == typed
    assert item["message"] == typed


def test_every_mistake_of_a_form_is_named_at_once(deployment: Deployment) -> None:
    answer = deployment.post(
        full_name=" ", phone="12", location="atlantis", age_18_plus=False, consent_to_contact=...
    )

    assert answer.status == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert {(error["pointer"], error["code"]) for error in answer.document["errors"]} == {
        ("#/full_name", "missing"),
        ("#/phone", "not_a_phone_number"),
        ("#/location", "not_a_choice"),
        ("#/age_18_plus", "under_18"),
        ("#/consent_to_contact", "missing"),
    }


def test_a_request_that_looks_like_spam_is_stored_and_alerts_nobody(
    deployment: Deployment,
) -> None:
    reference = deployment.received(homepage="https://spam.example.net")

    deployment.after_all_alerts()
    item = deployment.item(reference)
    assert item["status"] == "quarantined"
    assert item["reasons"] == ["honeypot_filled"]
    assert "pending" not in item
    assert deployment.alerts(reference) == []


def test_an_alert_that_ses_refused_is_sent_when_ses_takes_it_again(
    deployment: Deployment,
) -> None:
    deployment.forget_sender()
    try:
        reference = deployment.received()
        refused = eventually(
            lambda: next(
                (item for item in deployment.items(reference) if "alert_error" in item), None
            ),
            "the refusal is noted",
        )
    finally:
        deployment.verify_sender()
    assert refused["pending"] == "alert"
    assert deployment.alerts(reference) == []

    deployment.change_item(reference, postponed_until=LONG_AGO)  # as if the minute had passed
    deployment.run("RetryAlertsFunction")

    assert deployment.alert(reference).recipients == (RECIPIENT,)
    item = deployment.item(reference)
    assert "pending" not in item
    assert "alert_error" not in item
    assert item["alerted_at"] > item["received_at"]
