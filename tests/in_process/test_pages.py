"""What a browser and a site get from the function, and what a program does not pay for it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from consultations import form_script
from consultations.submission import Submissions
from functions.submit_consultation import handler
from tests.builders import ORIGIN, a_context, a_get_event, a_post, fields, urlencoded
from tests.conftest import Aws, Logs

ROOT = Path(__file__).parents[2]
BROWSER = "text/html,application/xhtml+xml"
URLENCODED = "application/x-www-form-urlencoded"
KEY = "00000000-0000-4000-8000-000000000001"


def get(resource: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - as a_get_event's
    return cast(
        "dict[str, Any]", handler.lambda_handler(a_get_event(resource, **options), a_context())
    )


@pytest.mark.parametrize(
    ("resource", "options", "status"),
    [
        ("/", {}, 200),
        ("/received", {"query": {"reference": "7K2Q-XM4D-9TPA"}}, 200),
        ("/received", {}, 404),
        ("/{unknown+}", {"path_parameters": {"unknown": "a/b"}, "url_path": "/dev/a/b"}, 404),
        ("/consultations", {}, 405),
    ],
)
def test_a_browser_gets_a_page_that_nobody_keeps(
    resource: str, options: dict[str, Any], status: int
) -> None:
    answer = get(resource, **options)

    assert answer["statusCode"] == status
    assert answer["headers"]["Content-Type"] == "text/html; charset=utf-8"
    assert answer["headers"]["Cache-Control"] == "no-store"
    assert answer["headers"]["Referrer-Policy"] == "same-origin"


def test_the_wrong_method_is_told_the_right_ones() -> None:
    assert get("/consultations")["headers"]["Allow"] == "OPTIONS, POST"


def test_a_program_is_told_in_its_own_way_that_there_is_nothing() -> None:
    answer = get("/{unknown+}", path_parameters={"unknown": "a"}, Accept="application/json")

    assert answer["statusCode"] == 404
    assert json.loads(answer["body"])["code"] == "not_found"


def test_an_allowed_site_may_fetch_the_form_and_another_may_not() -> None:
    assert get("/", Origin=ORIGIN)["headers"]["Access-Control-Allow-Origin"] == ORIGIN
    foreign = get("/", Origin="https://evil.test")["headers"]
    assert "Access-Control-Allow-Origin" not in foreign


def test_the_script_is_kept_by_browsers_and_asked_for_again_cheaply() -> None:
    first = get("/form.js")
    etag = first["headers"]["ETag"]

    assert first["headers"]["Cache-Control"] == "public, max-age=3600"
    assert first["headers"]["Access-Control-Allow-Origin"] == "*"
    assert first["body"] == (ROOT / "layers/consultations/form.js").read_text(encoding="utf-8")
    for known in (etag, f"W/{etag}", f'"other", {etag}'):
        again = get("/form.js", If_None_Match=known)
        assert (again["statusCode"], again["body"]) == (304, "")
        assert again["headers"]["ETag"] == etag
    assert get("/form.js", If_None_Match='"other"')["statusCode"] == 200


def test_the_script_stays_small() -> None:
    import gzip

    assert len(gzip.compress(get("/form.js")["body"].encode())) < 10_000


@pytest.mark.parametrize("page", ["index.html", "es.html"])
def test_the_example_site_has_the_tag_of_this_script(page: str) -> None:
    """After a change of form.js: `python -m consultations.form_script ADDRESS` prints the tag."""
    html = (ROOT / "examples" / "website" / page).read_text(encoding="utf-8")

    assert form_script.tag("https://forms.example.com/") in html


def test_a_small_command_prints_the_tag() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "consultations.form_script", "https://forms.example.com/dev/"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / "layers")},
    ).stdout

    assert printed.splitlines() == [
        form_script.tag("https://forms.example.com/dev"),
        "<div data-consultation-form></div>",
    ]
    assert "/dev/form.js" in printed


def test_a_browser_that_says_no_sec_fetch_site_may_post_our_own_form(aws: Aws) -> None:
    host = "example1.execute-api.us-east-1.amazonaws.com"
    posted = a_post(
        urlencoded(), content_type=URLENCODED, Accept=BROWSER, Host=host, Origin=f"https://{host}"
    )

    assert handler.lambda_handler(posted, a_context())["statusCode"] == 303
    assert aws.item()["language"] == "en"


@pytest.mark.parametrize(
    ("sent", "accepted", "stored"), [("es", "en", "es"), (..., "es", "es"), ("en", "es", "en")]
)
def test_the_language_is_stored_as_given_else_as_accepted(
    aws: Aws, sent: object, accepted: str, stored: str
) -> None:
    posted = a_post(fields(language=sent), Accept_Language=accepted)

    assert handler.lambda_handler(posted, a_context())["statusCode"] == 201
    assert aws.item()["language"] == stored


def test_a_program_is_answered_in_spanish_if_it_asks_for_it(aws: Aws) -> None:
    received = handler.lambda_handler(a_post(fields(), Accept_Language="es"), a_context())
    refused = handler.lambda_handler(a_post(fields(phone="1"), Accept_Language="es"), a_context())

    assert "le llamará en un plazo de un día hábil" in json.loads(received["body"])["next_steps"]
    problem = json.loads(refused["body"])
    assert problem["title"] == "Hay un problema con el formulario"
    assert problem["detail"] == "Corrija un campo."
    assert problem["errors"][0]["code"] == "not_a_phone_number"
    assert problem["errors"][0]["detail"].startswith("Escriba un número de teléfono")
    assert len(aws.items()) == 1


def test_the_same_answers_in_another_language_are_the_same_request(aws: Aws) -> None:
    for language in ("en", "es"):
        posted = a_post(
            fields(language=language),
            Idempotency_Key=KEY,
        )
        assert handler.lambda_handler(posted, a_context())["statusCode"] == 201

    assert len(aws.items()) == 1


def test_a_fault_of_ours_is_a_page_too(monkeypatch: pytest.MonkeyPatch, logs: Logs) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("with what a person typed")

    monkeypatch.setattr(Submissions, "receive", fail)
    posted = a_post(urlencoded(), content_type=URLENCODED, Accept=BROWSER)

    answer = handler.lambda_handler(posted, a_context())

    assert answer["statusCode"] == 500
    assert "Something went wrong on our side" in answer["body"]
    assert 'value="Ana Ejemplo"' in answer["body"]
    assert "Ana Ejemplo" not in logs.text()


_JSON_POST = """
import json, sys
from functions.submit_consultation import handler
from tests.builders import a_context, a_post, fields
handler.lambda_handler(a_post(fields(phone="1")), a_context())
print(json.dumps(sorted(sys.modules)))
"""


def test_a_json_post_pays_for_no_page_and_no_catalogue() -> None:
    """In a process of its own, since other tests here do import them."""
    ran = subprocess.run(
        [sys.executable, "-c", _JSON_POST],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'layers'}"},
    )
    imported = set(json.loads(ran.stdout.splitlines()[-1]))

    assert "consultations.submission" in imported
    assert not imported & {
        "jinja2",
        "markupsafe",
        "gettext",
        "consultations.pages",
        "consultations.form_script",
    }
