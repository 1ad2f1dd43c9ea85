"""A post to the function becomes an item, and an answer that says so."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consultations.consultation_request import FIELD_NAMES
from functions.submit_consultation import handler
from tests.builders import (
    CLINIC,
    NOW,
    ORIGIN,
    a_context,
    a_post,
    event,
    fields,
    urlencoded,
)
from tests.conftest import Aws, Logs

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture(autouse=True)
def _at_a_known_time(time_machine: time_machine.TimeMachineFixture) -> None:
    time_machine.move_to(NOW, tick=False)


def post(posted: dict[str, Any]) -> dict[str, Any]:
    response = handler.lambda_handler(posted, a_context())
    return {**response, "document": json.loads(response["body"] or "null")}


def errors(response: dict[str, Any]) -> dict[str, str]:
    return {error["pointer"]: error["code"] for error in response["document"]["errors"]}


def test_a_posted_request_is_stored_with_its_alert_pending(aws: Aws) -> None:
    response = post(a_post(fields(message="I'd like to know more.", interests=["ptsd", "crps"])))

    assert response["statusCode"] == 201
    item = aws.item()
    assert item["id"] == response["document"]["id"]
    assert item["record"] == "consultation"
    assert item["received_at"] == response["document"]["received_at"] == "2026-01-31T16:30:00.000Z"
    assert item["status"] == "accepted"
    assert item["pending"] == "alert"
    assert item["full_name"] == "Ana Ejemplo"
    assert item["phone"] == "(480) 555-0123"
    assert item["phone_e164"] == "+14805550123"
    assert item["message"] == "I'd like to know more."
    assert item["interests"] == ["ptsd", "crps"]
    assert item["correlation_id"] == response["headers"]["X-Correlation-Id"]
    assert item["wording_versions"]["consent_to_contact"] == "2026-11"
    assert item["keep_until"] == int(NOW.timestamp()) + 730 * 86_400


def test_the_answer_says_what_happens_next_and_where_to_turn_in_a_crisis(aws: Aws) -> None:
    del aws
    next_steps = post(a_post(fields(location="albuquerque")))["document"]["next_steps"]

    assert "will call you within one business day" in next_steps
    assert CLINIC.phone in next_steps
    assert "Monday to Thursday, 9 am to 6 pm" in next_steps
    assert "988" in next_steps
    assert "911" in next_steps


@pytest.mark.parametrize("name", ["post_json.json", "post_urlencoded.json", "post_multipart.json"])
def test_each_encoding_stores_the_same_request(aws: Aws, name: str) -> None:
    assert post(event(name))["statusCode"] in (201, 303)

    item = aws.item()
    sample = event("consultation_request.json")
    assert item["full_name"] == sample["full_name"]
    assert item["email"] == sample["email"]
    assert item["interests"] == sample["interests"]
    assert item["message"].replace("\r\n", "\n") == sample["message"]
    assert item["may_leave_message"] is False
    assert item["consent_to_contact"] is True


@pytest.mark.parametrize(
    "typed",
    [
        "José Ñandú",
        "O'Brien-Sample",
        "王小明",
        "محمد مثال",
        "Z",
        "Dr. Ann van der Example-Smith III",
        "👩🏽‍⚕️ nurse",
        "e\u0301 decomposed",
        "  spaces kept  ",
        "<img src=x onerror=alert(1)>",
        "{{7*7}} ${7*7} %s %(x)s",
        "Robert'); DROP TABLE consultations;--",
        "=cmd|'/c calc'!A1",
        'My condition = severe & PTSD; 100% \\ "quoted"',
        "line one\r\nBcc: someone@example.com",
        "nul \x00 bell \x07 escape \x1b",
        "\u202eright to left override",
    ],
)
def test_what_was_typed_comes_back_as_it_was_typed(aws: Aws, typed: str) -> None:
    assert post(a_post(fields(full_name=typed, message=typed)))["statusCode"] == 201
    assert aws.item()["full_name"] == typed
    assert aws.item()["message"] == typed

    as_form = urlencoded(full_name=typed, message=typed, submission_id=str(uuid4()))
    response = post(a_post(as_form, content_type="application/x-www-form-urlencoded"))
    assert response["statusCode"] == 201
    assert [item["message"] for item in aws.items()] == [typed, typed]


def test_a_browser_is_sent_to_a_confirmation_whose_address_names_nobody(aws: Aws) -> None:
    response = post(
        a_post(urlencoded(), content_type="application/x-www-form-urlencoded", Accept=BROWSER)
    )

    assert response["statusCode"] == 303
    assert response["headers"]["Location"] == (
        f"received?reference={aws.item()['id']}&contact=call&location=mesa&lang=en"
    )


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_repeated_submission_is_stored_once_and_answered_as_before(
    aws: Aws, time_machine: time_machine.TimeMachineFixture, quote: str
) -> None:
    headers = {"Idempotency-Key": f"{quote}{UUID(int=7)}{quote}"}
    first = post(a_post(fields(), **headers))
    time_machine.shift(3600)
    second = post(a_post(fields(), **headers))

    assert second["statusCode"] == first["statusCode"] == 201
    assert second["document"] == first["document"]
    assert "Idempotent-Replayed" not in first["headers"]
    assert second["headers"]["Idempotent-Replayed"] == "true"
    assert len(aws.items()) == 1


def test_the_key_in_the_form_and_the_key_in_the_header_are_the_same_key(aws: Aws) -> None:
    key = str(UUID(int=7))
    post(a_post(fields(submission_id=key)))
    replayed = post(a_post(fields(), Idempotency_Key=key.upper()))

    assert replayed["headers"]["Idempotent-Replayed"] == "true"
    assert len(aws.items()) == 1


def test_a_key_reused_for_something_else_reveals_and_changes_nothing(aws: Aws) -> None:
    key = str(UUID(int=7))
    first = post(a_post(fields(message="the first"), Idempotency_Key=key))
    stored = aws.item()
    second = post(a_post(fields(message="the second"), Idempotency_Key=key))

    assert second["statusCode"] == 422
    assert second["document"]["code"] == "idempotency_key_reused"
    assert aws.item() == stored
    answer = json.dumps(second)
    assert "the first" not in answer
    assert "Ana" not in answer
    assert first["document"]["id"] not in answer


@pytest.mark.parametrize(
    "key", ["7", "not-a-uuid", f"{UUID(int=7)}x", "7" * 10_000, "'", f'"{UUID(int=7)}']
)
def test_a_malformed_key_is_refused(aws: Aws, key: str) -> None:
    response = post(a_post(fields(), Idempotency_Key=key))

    assert response["statusCode"] == 400
    assert response["document"]["code"] == "invalid_idempotency_key"
    assert aws.items() == []


def test_two_different_keys_are_refused(aws: Aws) -> None:
    both = a_post(fields(submission_id=str(UUID(int=1))), Idempotency_Key=str(UUID(int=2)))

    assert post(both)["document"]["code"] == "invalid_idempotency_key"
    assert aws.items() == []


def test_without_a_key_the_same_content_on_one_day_is_one_request(
    aws: Aws, time_machine: time_machine.TimeMachineFixture
) -> None:
    first = post(a_post(fields()))
    assert post(a_post(fields()))["headers"]["Idempotent-Replayed"] == "true"
    assert post(a_post(fields(full_name="Someone Else")))["statusCode"] == 201
    assert len(aws.items()) == 2

    time_machine.shift(86_400)
    next_day = post(a_post(fields()))
    assert next_day["document"]["id"] != first["document"]["id"]
    assert len(aws.items()) == 3


def test_every_mistake_is_named_at_once(aws: Aws) -> None:
    response = post(
        a_post(
            {
                "full_name": "x" * 201,
                "preferred_contact": "text",
                "location": "atlantis",
                "email": "nowhere",
                "age_18_plus": False,
                "consent_to_contact": False,
                "interests": ["ptsd", "nosuch"],
                "message": "y" * 2001,
                "status": "accepted",
            }
        )
    )

    assert response["statusCode"] == 422
    assert response["headers"]["Content-Type"] == "application/problem+json"
    assert errors(response) == {
        "#/full_name": "too_long",
        "#/phone": "missing",
        "#/email": "not_an_email_address",
        "#/location": "not_a_choice",
        "#/age_18_plus": "under_18",
        "#/interests": "not_a_choice",
        "#/message": "too_long",
        "#/consent_to_contact": "not_accepted",
        "#/ack_not_emergency": "missing",
        "#/status": "unknown_field",
    }
    assert all(error["detail"] for error in response["document"]["errors"])
    assert aws.items() == []


def test_no_error_repeats_what_was_typed(aws: Aws) -> None:
    sentinel = "Zyx-sentinel"
    response = post(
        a_post(
            fields(
                phone=sentinel,
                email=sentinel,
                location=sentinel,
                best_time=sentinel,
                message=sentinel * 400,
            )
        )
    )

    assert response["statusCode"] == 422
    assert sentinel not in response["body"]
    assert aws.items() == []


@pytest.mark.parametrize("name", ["id", "received_at", "status", "pending", "expires_at", "x"])
def test_a_field_that_the_form_does_not_have_is_refused_by_name(aws: Aws, name: str) -> None:
    assert errors(post(a_post(fields(**{name: "1"})))) == {f"#/{name}": "unknown_field"}
    assert aws.items() == []


def test_a_file_is_refused_by_name(aws: Aws) -> None:
    body = (
        '--b\r\nContent-Disposition: form-data; name="photo"; filename="a.png"\r\n'
        "Content-Type: image/png\r\n\r\n\x89\r\n--b--\r\n"
    )
    response = post(a_post(body, content_type="multipart/form-data; boundary=b"))

    assert response["statusCode"] == 422
    assert errors(response) == {"#/photo": "file_not_accepted"}
    assert aws.items() == []


@pytest.mark.parametrize(
    ("posted", "status", "code"),
    [
        (a_post("{"), 400, "unreadable_body"),
        (a_post("[]"), 400, "unreadable_body"),
        (a_post('{"a": 1, "a": 2}'), 400, "unreadable_body"),
        (a_post('{"a": NaN}'), 400, "unreadable_body"),
        (a_post('{"a": 1e999}'), 400, "unreadable_body"),
        (a_post('{"full_name": "\\ud83d"}'), 400, "unreadable_body"),
        (a_post("[" * 10_000), 400, "unreadable_body"),
        (a_post(b'{"full_name": "\xff"}'), 400, "unreadable_body"),
        (a_post(b""), 400, "unreadable_body"),
        (a_post(b" " * 16_385), 413, "body_too_large"),
        (a_post("text", content_type="text/plain"), 415, "unsupported_media_type"),
        (a_post("<a/>", content_type="application/xml"), 415, "unsupported_media_type"),
        (a_post("text", content_type=None), 415, "unsupported_media_type"),
        (a_post("x", Content_Encoding="gzip"), 415, "unsupported_media_type"),
        (a_post(method="PUT"), 405, "method_not_allowed"),
        (a_post(method="GET", X_HTTP_Method_Override="POST"), 405, "method_not_allowed"),
        ({**a_post(), "body": "%%%"}, 400, "unreadable_body"),
        (a_post(Origin="https://www.example.com.evil.test"), 403, "origin_not_allowed"),
        (a_post(Origin="null"), 403, "origin_not_allowed"),
    ],
)
def test_what_is_not_a_form_is_refused_with_the_reason(
    aws: Aws, posted: dict[str, Any], status: int, code: str
) -> None:
    response = post(posted)

    assert response["statusCode"] == status
    assert response["document"]["status"] == status
    assert response["document"]["code"] == code
    assert response["document"]["title"]
    assert response["document"]["detail"]
    assert aws.items() == []


def test_refusals_say_what_is_accepted(aws: Aws) -> None:
    del aws
    assert post(a_post(method="DELETE"))["headers"]["Allow"] == "OPTIONS, POST"
    assert "multipart/form-data" in post(a_post("x", content_type="text/csv"))["headers"]["Accept"]


@pytest.mark.parametrize(
    "posted",
    [
        a_post(),
        a_post(fields(full_name=...)),
        a_post("{"),
        a_post(method="PUT"),
        event("preflight.json"),
    ],
)
def test_every_answer_carries_security_headers_and_its_correlation_id(
    aws: Aws, posted: dict[str, Any]
) -> None:
    del aws
    headers = post(posted)["headers"]

    assert headers["Strict-Transport-Security"].startswith("max-age=")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["X-Correlation-Id"] == posted["requestContext"]["requestId"]
    assert "Origin" in headers["Vary"]


@pytest.mark.parametrize("origin", ["https://www.example.com", "https://example.com"])
def test_a_configured_site_may_read_every_answer(aws: Aws, origin: str) -> None:
    del aws
    for posted in (a_post(Origin=origin), a_post("{", Origin=origin)):
        headers = post(posted)["headers"]
        assert headers["Access-Control-Allow-Origin"] == origin
        assert "Idempotent-Replayed" in headers["Access-Control-Expose-Headers"]


def test_a_configured_site_is_told_what_it_may_send(aws: Aws) -> None:
    del aws
    response = post(event("preflight.json"))

    assert response["statusCode"] == 204
    assert response["headers"]["Access-Control-Allow-Origin"] == ORIGIN
    assert "POST" in response["headers"]["Access-Control-Allow-Methods"]
    assert "Content-Type" in response["headers"]["Access-Control-Allow-Headers"]
    assert "Idempotency-Key" in response["headers"]["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(
    "origin", ["https://evil.test", "https://www.example.com.evil.test", "null", "*"]
)
def test_no_other_site_may_read_an_answer(aws: Aws, origin: str) -> None:
    preflight = event("preflight.json")
    preflight["headers"]["Origin"] = origin

    assert "Access-Control-Allow-Origin" not in post(preflight)["headers"]
    assert "Access-Control-Allow-Origin" not in post(a_post(Origin=origin))["headers"]
    assert aws.items() == []


def test_our_own_page_may_post_even_if_its_origin_is_hidden(aws: Aws) -> None:
    assert post(a_post(Origin="null", Sec_Fetch_Site="same-origin"))["statusCode"] == 201
    assert len(aws.items()) == 1


def test_a_filled_honeypot_is_stored_and_held_but_answered_like_any_other(aws: Aws) -> None:
    held = post(a_post(fields(homepage="https://spam.test")))
    item = aws.item()

    assert held["statusCode"] == 201
    assert set(held["document"]) == {"id", "received_at", "next_steps"}
    assert item["status"] == "quarantined"
    assert item["reasons"] == ["honeypot_filled"]
    assert "pending" not in item
    assert item["expires_at"] == int(NOW.timestamp()) + 90 * 86_400


def test_what_may_be_a_call_for_help_is_stored_as_priority_and_never_held(aws: Aws) -> None:
    held = post(a_post(fields(message="I want to end my life", homepage="filled by a browser")))
    item = aws.item()

    assert set(held["document"]) == {"id", "received_at", "next_steps"}
    assert item["priority"] is True
    assert item["status"] == "accepted"
    assert item["reasons"] == ["honeypot_filled"]
    assert item["pending"] == "alert"


def test_when_the_table_fails_the_person_is_told_that_nothing_is_saved(aws: Aws) -> None:
    aws.dynamodb.delete_table(TableName="consultations")
    response = post(a_post())

    assert response["statusCode"] == 503
    assert response["document"]["code"] == "not_stored"
    assert int(response["headers"]["Retry-After"]) > 0


def test_an_unforeseen_error_is_answered_without_its_message(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, logs: Logs
) -> None:
    del aws

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("Ana Ejemplo")

    monkeypatch.setattr("consultations.submission.screen", broken)
    response = post(a_post())

    assert response["statusCode"] == 500
    assert response["document"]["code"] == "internal_error"
    logged = logs.text()
    assert "RuntimeError" in logged
    assert "Ana" not in logged + response["body"]


def test_what_happened_is_logged_and_counted_without_what_was_typed(aws: Aws, logs: Logs) -> None:
    key = str(UUID(int=7))
    stored = post(a_post(fields(), Idempotency_Key=key))
    post(a_post(fields(), Idempotency_Key=key))
    post(a_post(fields(location="nowhere")))
    documents = logs.documents()

    lines = [document for document in documents if "message" in document]
    assert [line["message"] for line in lines] == ["stored", "replayed", "refused"]
    assert lines[0]["consultation_id"] == lines[1]["consultation_id"] == aws.item()["id"]
    assert lines[0]["correlation_id"] == stored["headers"]["X-Correlation-Id"]
    assert lines[2]["error_codes"] == ["not_a_choice"]
    counted = [
        (metric["Name"], document.get("code"))
        for document in documents
        if "_aws" in document
        for metric in document["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    ]
    assert counted == [("Received", None), ("Replayed", None), ("Refused", "invalid_fields")]


ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=9,
)


@settings(
    deadline=None,
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.dictionaries(st.sampled_from(sorted(FIELD_NAMES)) | st.text(max_size=9), ANY_JSON))
def test_whatever_stands_in_the_fields_the_answer_is_foreseen(
    aws: Aws, changes: dict[str, Any]
) -> None:
    stored = len(aws.items())
    response = post(a_post(fields() | changes))

    assert response["statusCode"] in (201, 400, 422)
    assert len(aws.items()) - stored in (0, response["statusCode"] == 201)


@settings(
    deadline=None,
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.dictionaries(
        st.sampled_from(
            ["Accept", "Content-Type", "Content-Encoding", "Heartbeat", "Idempotency-Key", "Origin"]
        )
        | st.text(),
        st.text(),
    )
)
def test_whatever_stands_in_the_headers_the_answer_is_foreseen(
    aws: Aws, headers: dict[str, str]
) -> None:
    del aws
    posted = a_post()
    posted["headers"] |= headers

    assert post(posted)["statusCode"] in (201, 303, 400, 403, 415, 422)
