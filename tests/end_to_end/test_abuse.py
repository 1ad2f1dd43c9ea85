"""Abuse that only a real gateway and real bytes can show; docs/security.md lists all cases."""

import gzip
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.builders import fields
from tests.end_to_end.deployment import Deployment, eventually

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
VALID = json.dumps(fields()).encode()

REFUSED = [
    (b'{"full_name": "\\ud800"}', JSON, 400),
    (b"full_name=%ED%A0%80", FORM, 400),
    (b'{"a": NaN}', JSON, 400),
    (b'{"a": -Infinity}', JSON, 400),
    (b'{"a": 1e999}', JSON, 400),
    (b'{"full_name": "a", "full_name": "b"}', JSON, 400),
    (b"full_name=a&full_name=b", FORM, 400),
    (b"[" * 16_000, JSON, 400),
    (b"&".join(b"f%d=" % number for number in range(65)), FORM, 400),
    (b"", JSON, 400),
    (b"null", JSON, 400),
    (b"\x00" * 100, JSON, 400),
    (b"--b\r\n", MULTIPART, 400),
    (VALID, "multipart/form-data", 400),
    (b" " * 16_385, JSON, 413),
    (b"a=" + b"b" * 16_385, FORM, 413),
    (b"a=" + b"b" * 300_000, FORM, 413),
    (VALID, "text/plain", 415),
    (VALID, "application/xml", 415),
    (VALID, "application/json-patch+json", 415),
    (VALID, "", 415),
    (json.dumps(fields(status="accepted")).encode(), JSON, 422),
    (json.dumps(fields(id="7K2Q-XM4D-9TPA")).encode(), JSON, 422),
    (json.dumps(fields(received_at="2026-01-01T00:00:00Z")).encode(), JSON, 422),
    (json.dumps(fields(__proto__={"status": "accepted"})).encode(), JSON, 422),
    (json.dumps(fields(full_name={"S": "Ana"})).encode(), JSON, 422),
    (json.dumps(fields(location={"$ne": ""})).encode(), JSON, 422),
    (json.dumps(fields(location="MESA")).encode(), JSON, 422),
    (json.dumps(fields(age_18_plus=1)).encode(), JSON, 422),
]


@pytest.mark.parametrize(("body", "content_type", "status"), REFUSED)
def test_what_is_no_request_is_refused_and_nothing_of_it_stored(
    deployment: Deployment, body: bytes, content_type: str, status: int
) -> None:
    before = deployment.count()
    answer = deployment.request("POST", body, Content_Type=content_type)

    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.document["status"] == status
    assert deployment.count() == before


def test_a_compressed_body_is_refused_not_inflated(deployment: Deployment) -> None:
    bomb = gzip.compress(b" " * 10_000_000)
    answer = deployment.request("POST", bomb, Content_Type=JSON, Content_Encoding="gzip")

    assert answer.status == 415


@pytest.mark.parametrize(
    "typed",
    [
        "NUL \x00 and bell \x07",
        "\u202eright to left\u2066",
        "<img src=x onerror=alert(1)> {{7*7}} ${7*7} #{7*7}",
        "Ana\r\nBcc: someone@example.com\r\n\r\n<b>",
        "=cmd|'/c calc'!A1 evil.test",
        "'; DROP TABLE consultations; --",
        "e\u0301" * 100,
    ],
)
def test_what_looks_like_an_attack_is_stored_as_typed_and_shown_harmless(
    deployment: Deployment, typed: str
) -> None:
    reference = deployment.received(full_name=typed, message=typed)

    assert deployment.item(reference)["full_name"] == typed
    assert deployment.item(reference)["message"] == typed
    alert = deployment.alert(reference)
    assert "<img" not in alert.html
    assert "49" not in alert.text.replace(reference, "")
    assert "\u202e" not in alert.text + alert.html
    assert "\n" not in alert.subject
    assert "evil.test" not in alert.text + alert.html
    assert not [line for line in alert.text.splitlines() if line.startswith("Bcc:")]


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.test",
        "https://www.example.com.evil.test",
        "https://evilwww.example.com",
        "http://www.example.com",
        "https://www.example.com:444",
        "https://WWW.EXAMPLE.COM",
        "https://user@www.example.com",
        "null",
        "*",
    ],
)
def test_an_origin_is_compared_whole_and_never_reflected(
    deployment: Deployment, origin: str
) -> None:
    answer = deployment.post(headers={"Origin": origin})

    assert answer.status == 403
    assert "access-control-allow-origin" not in answer.headers
    assert origin not in answer.body or origin == "*"
    assert answer.headers["vary"] == "Origin"


def test_a_header_smuggled_with_a_line_break_adds_none(deployment: Deployment) -> None:
    address = urlsplit(deployment.url("/consultations"))
    head = (
        f"POST {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\n"
        f"Content-Type: {JSON}\r\nIdempotency-Key: {uuid4()}\r\n\tX-Injected: yes\r\n"
        f"Content-Length: {len(VALID)}\r\n\r\n"
    )
    with socket.create_connection((str(address.hostname), address.port or 80), 10) as connection:
        connection.sendall(head.encode() + VALID)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))

    assert answer.split()[1] in (b"400", b"201")
    assert b"x-injected" not in answer.lower()


def test_the_same_submission_from_many_at_once_is_one_item_and_one_alert(
    deployment: Deployment,
) -> None:
    key = str(uuid4())
    with ThreadPoolExecutor(3) as clients:
        answers = list(
            clients.map(
                lambda _: deployment.post(headers={"Idempotency-Key": key}, submission_id=...),
                range(6),
            )
        )

    (reference,) = {answer.document["id"] for answer in answers}
    deployment.after_all_alerts()
    assert len(deployment.items(reference)) == 1
    assert len(deployment.alerts(reference)) == 1


def test_a_held_request_is_answered_like_any_other_and_alerts_nobody(
    deployment: Deployment,
) -> None:
    held = deployment.post(homepage="https://spam.test", message="[url=https://spam.test]x[/url]")
    other = deployment.post()

    assert (held.status, other.status) == (201, 201)
    assert held.document.keys() == other.document.keys()
    item = deployment.item(held.document["id"])
    assert item["status"] == "quarantined"
    assert item["reasons"] == ["honeypot_filled", "link_markup"]
    deployment.after_all_alerts()
    assert deployment.alerts(held.document["id"]) == []


def test_a_possible_call_for_help_is_alerted_first_and_the_subject_says_so(
    deployment: Deployment,
) -> None:
    reference = deployment.received(message="I can't go on. I want to end my life.")

    alert = eventually(lambda: deployment.alerts(reference), "the alert")[0]
    assert alert.subject == f"Priority request – Mesa – {reference}"
    assert "end my life" not in alert.subject + alert.text  # at the level `contact`
