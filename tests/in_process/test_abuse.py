"""What somebody may try who is up to no good; docs/security.md lists all cases."""

import ast
import csv
import io
import json
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine

from consultations.repository import RECORD
from functions.submit_consultation import handler
from operations.export import written
from tests.builders import CLINIC, NOW, a_context, a_post, fields, urlencoded
from tests.conftest import Aws, Logs
from tests.template import ROOT

URLENCODED = "application/x-www-form-urlencoded"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
CPU_SECONDS = 0.5
"""For the slowest body of 16 KB: many times what it takes, far less than a super-linear pattern."""


@pytest.fixture(autouse=True)
def _at_a_known_time(time_machine: time_machine.TimeMachineFixture) -> None:
    time_machine.move_to(NOW, tick=False)


def post(posted: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = handler.lambda_handler(posted, a_context())
    return answer


def but_for_the_reference(answer: dict[str, Any]) -> str:
    return json.dumps(answer).replace(json.loads(answer["body"])["id"], "REFERENCE")


def test_no_line_of_the_log_is_forged(aws: Aws, logs: Logs) -> None:
    forged = '\n{"level": "ERROR", "message": "forged"}\r\n\u2028'
    post(a_post(fields(full_name=f"Ana{forged}", message=forged)))
    post(a_post(fields(**{f"field{forged}": "x"})))
    post(a_post(fields(), Idempotency_Key=forged, Origin=forged, Accept=forged, X_Amzn=forged))

    assert len(aws.items()) == 1
    documents = logs.documents()  # each line is a JSON document
    assert documents
    assert "forged" not in json.dumps(documents)


def test_an_error_names_no_inside(aws: Aws) -> None:
    aws.dynamodb.delete_table(TableName="consultations")
    answers = [
        post(a_post()),
        post(a_post("{")),
        post(a_post(fields(x=1))),
        post(a_post("x", content_type="text/plain")),
        post(a_post(method="PUT")),
    ]

    assert [answer["statusCode"] for answer in answers] == [503, 400, 422, 415, 405]
    text = str(answers).lower()
    for inside in ("traceback", "arn:", "dynamodb", "pydantic", "boto", "python", "lambda", ".py"):
        assert inside not in text


@pytest.mark.parametrize("name", ["next", "redirect", "_next", "thank_you_url", "return_to"])
def test_no_field_chooses_where_the_browser_is_sent(aws: Aws, name: str) -> None:
    evil = "https://evil.test/"
    chosen = post(
        a_post(urlencoded(**{name: evil}), content_type=URLENCODED, Accept=BROWSER, Referer=evil)
    )
    honest = a_post(urlencoded(), content_type=URLENCODED, Accept=BROWSER, Referer=evil)
    honest["queryStringParameters"] = {name: evil}
    honest["headers"] |= {"Host": "evil.test", "X-Forwarded-Host": "evil.test"}
    sent_on = post(honest)

    assert chosen["statusCode"] == 422
    assert sent_on["statusCode"] == 303
    (item,) = aws.items()
    location = urlsplit(sent_on["headers"]["Location"])
    assert (location.scheme, location.netloc) == ("", "")  # the page of this very deployment
    assert location.path == "received"
    assert location.query == f"reference={item['id']}&contact=call&location=mesa&lang=en"


def test_no_address_of_the_network_is_believed_or_stored(aws: Aws, logs: Logs) -> None:
    posted = a_post(X_Forwarded_For="203.0.113.9", Forwarded="for=203.0.113.9", X_Real_IP="::1")
    posted["requestContext"]["identity"] = {"sourceIp": "203.0.113.77"}
    answer = post(posted)

    assert answer["statusCode"] == 201
    assert "203.0.113" not in str(answer) + str(aws.items()) + logs.text()


def test_who_wrote_before_is_answered_like_anyone(aws: Aws) -> None:
    known = fields(email="ana@example.com", message="first")
    post(a_post(known))
    again = post(a_post(known | {"message": "second"}))
    stranger = post(a_post(fields(email="new@example.com", phone="480-555-0199")))

    assert len(aws.items()) == 3
    assert but_for_the_reference(again) == but_for_the_reference(stranger)


def test_who_is_held_back_can_not_tell(aws: Aws) -> None:
    held = post(a_post(fields(homepage="x")))
    accepted = post(a_post(fields()))

    assert {item["status"] for item in aws.items()} == {"accepted", "quarantined"}
    assert but_for_the_reference(held) == but_for_the_reference(accepted)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
def test_only_a_post_stores_anything_whatever_a_header_says(aws: Aws, method: str) -> None:
    answer = post(a_post(method=method, X_HTTP_Method_Override="POST", X_Method_Override="POST"))

    assert answer["statusCode"] == 405
    assert answer["headers"]["Allow"] == "OPTIONS, POST"
    assert aws.items() == []


@pytest.mark.parametrize(
    "nasty",
    [
        " " * 16_000,
        "a " * 8_000,
        "a." * 8_000,
        "a@" * 8_000,
        "." * 16_000,
        "https://" * 2_000,
        "<a " * 5_000,
        "[url" * 4_000,
        "](http" * 2_600,
        "\u200b" * 5_000,
        "e\u0301" * 5_000,
        "1" * 16_000,
        '"' * 16_000,
        "-" * 16_000,
        "%" * 16_000,
        ";q=" * 5_000,
    ],
    ids=lambda nasty: nasty[:6].encode("unicode_escape").decode(),
)
def test_no_text_takes_longer_than_its_length_deserves(aws: Aws, nasty: str) -> None:
    short = nasty[:1900]
    requests = [
        a_post(fields(full_name=nasty)),
        a_post(fields(message=short, full_name=nasty[:200])),
        a_post(fields(phone=nasty, email=f"{nasty}@{nasty}.example")),
        a_post(fields(phone=nasty[:32], email=f"{nasty[:60]}@{nasty[:60]}")),
        a_post(fields(form_opened_at=nasty, submission_id=nasty, location=nasty)),
        a_post(nasty),
        a_post(f"a={nasty}", content_type=URLENCODED),
        a_post(nasty, content_type=f"multipart/form-data; boundary={nasty[:70]}"),
        a_post(fields(), Accept=nasty, Idempotency_Key=nasty, Content_Encoding=nasty),
        a_post(fields(), content_type=f"application/json; {nasty}"),
    ]
    for posted in requests:
        started_at = time.process_time()
        answer = post(posted)
        assert time.process_time() - started_at < CPU_SECONDS
        assert answer["statusCode"] < 500
    del aws


def test_csv_is_written_in_one_place_and_no_cell_of_it_begins_a_formula() -> None:
    writers = {
        path.relative_to(ROOT).as_posix()
        for room in ("functions", "layers/consultations", "operations")
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import) and "csv" in {alias.name for alias in node.names}
    }
    assert writers == {"operations/export.py"}

    # OWASP, "CSV Injection": in their wide forms too.
    starts = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
    for start in starts:
        for name in ("full_name", "phone", "email", "message", "interests"):
            file = io.StringIO(newline="")
            record = {"id": "AAAA-AAAA-AAAA", "record": RECORD, name: f'{start}1+1",x'}
            list(written([record], file, "csv", CLINIC, heading=False))

            (row,) = csv.reader(io.StringIO(file.getvalue(), newline=""))
            assert f"'{start}1+1\",x" in row
            assert not [cell for cell in row if cell[:1] in starts and cell]
