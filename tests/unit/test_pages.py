"""The pages: all of the form is on them, and help is never far."""

import re
from dataclasses import replace
from datetime import datetime
from html import unescape
from typing import get_args

import pytest

from consultations.consultation_request import (
    FIELD_NAMES,
    BestTime,
    Interest,
    PreferredContact,
    ReferralSource,
)
from consultations.field_errors import FieldError, InvalidFieldsError
from consultations.http_request import HttpRequest
from consultations.http_response import HttpResponse
from consultations.language import LANGUAGES
from consultations.pages import Pages
from consultations.problem import Problem
from tests.builders import CLINIC, NOW, a_get, an_http_request, fields, urlencoded

PAGES = Pages(CLINIC)
KEY = "00000000-0000-4000-8000-000000000001"
URLENCODED = "application/x-www-form-urlencoded"
PROBLEMS = [
    Problem.unreadable_body("The body is not valid JSON."),
    Problem.invalid_key(),
    Problem.origin_not_allowed(),
    Problem.not_found(),
    Problem.method_not_allowed("OPTIONS, POST"),
    Problem.too_large(),
    Problem.unsupported_media_type("The body is not a form. Send one of {media_types}."),
    Problem.invalid_fields(InvalidFieldsError([FieldError("email", "missing", "Enter it", {})])),
    Problem.key_reused(),
    Problem.not_stored(),
    Problem.internal_error(),
]


def form(request: HttpRequest, *, now: datetime = NOW) -> HttpResponse:
    return PAGES.form(request, now=now, submission_id=KEY)


def refusal(problem: Problem, request: HttpRequest) -> HttpResponse:
    return PAGES.refusal(problem, request, now=NOW, submission_id=KEY)


def confirmation(**query: str) -> HttpResponse:
    return PAGES.confirmation(a_get("/received", query={"reference": "7K2Q-XM4D-9TPA", **query}))


def attribute(html: str, tag: str, name: str) -> set[str]:
    return set(re.findall(rf"<{tag}\b[^>]*\b{name}=\"([^\"]*)\"", html))


def words(html: str) -> str:
    """The text of a page, without its markup."""
    shown = re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(shown).split())


def test_every_field_of_a_request_is_on_the_form() -> None:
    html = form(a_get("/")).body
    names = set().union(*(attribute(html, tag, "name") for tag in ("input", "textarea", "select")))

    # The language goes with the address that the form is posted to.
    assert names == FIELD_NAMES - {"language"}
    assert attribute(html, "form", "action") == {"./consultations?lang=en"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_choice_that_is_accepted_can_be_chosen(language: str) -> None:
    html = form(a_get("/", query={"lang": language})).body

    choices = {
        *get_args(PreferredContact),
        *get_args(BestTime),
        *get_args(Interest),
        *CLINIC.locations,
        "not_sure",
        "true",
        "false",
    }
    assert choices <= attribute(html, "input", "value")
    assert {"", *get_args(ReferralSource)} == attribute(html, "option", "value")
    for statement in ("consent_to_contact", "ack_not_emergency", "consent_sms"):
        assert getattr(CLINIC.wording, statement).text[language] in words(html)


def test_each_form_has_a_key_of_its_own_and_the_time() -> None:
    html = form(a_get("/")).body

    assert f'name="submission_id" value="{KEY}"' in html
    assert 'name="form_opened_at" value="2026-01-31T16:30:00.000Z"' in html


def every_page() -> list[HttpResponse]:
    return [
        answer
        for lang in LANGUAGES
        for answer in (
            form(a_get("/", query={"lang": lang})),
            confirmation(lang=lang),
            *(refusal(problem, a_get("/x", query={"lang": lang})) for problem in PROBLEMS),
            *(
                refusal(
                    problem,
                    an_http_request(urlencoded(), content_type=URLENCODED, Accept_Language=lang),
                )
                for problem in PROBLEMS
            ),
        )
    ]


def test_help_and_the_clinics_phone_are_on_every_page() -> None:
    pages = every_page()

    assert len(pages) == 2 * (2 + 2 * len(PROBLEMS))
    for page in pages:
        for number in ("911", "988", "+14805550100"):
            assert f'href="tel:{number}"' in page.body
        assert 'href="https://988lifeline.org/"' in page.body


def test_every_page_keeps_out_what_is_not_ours() -> None:
    for page in every_page():
        policy = page.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert not re.search(r"\b(?:style|on\w+)=", page.body.partition("<body")[2])
        assert attribute(page.body, "script", "src") <= {"./form.js"}
        assert not attribute(page.body, "(?:img|iframe|video)", "src")


def test_an_own_thank_you_page_may_be_sent_on_to() -> None:
    """Chromium holds the redirect after a post to form-action too."""
    own = replace(CLINIC, thank_you_url="https://www.example.com/thanks")

    page = Pages(own).form(a_get("/"), now=NOW, submission_id=KEY)

    assert (
        "form-action 'self' https://www.example.com;" in (page.headers["Content-Security-Policy"])
    )


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.code)
def test_a_refused_form_keeps_what_was_typed(problem: Problem) -> None:
    typed = '<b>1 & 2</b> "quoted" {{ 7*7 }}'
    request = an_http_request(
        urlencoded(message=typed, interests=["ptsd", "crps"], submission_id=KEY.replace("1", "2")),
        content_type=URLENCODED,
    )

    answer = refusal(problem, request)

    assert answer.status == problem.status
    assert typed in unescape(answer.body)
    assert "<b>1" not in answer.body
    assert len(re.findall(r"<input[^>]* checked", answer.body)) == 7
    kept = problem.code != "idempotency_key_reused"
    assert (f'name="submission_id" value="{KEY.replace("1", "2")}"' in answer.body) is kept


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.code)
def test_a_refusal_tells_people_nothing_that_is_meant_for_programs(problem: Problem) -> None:
    html = refusal(problem, a_get("/x")).body

    assert not re.search(r"JSON|UUID|AllowedOrigins|POST|multipart|bytes|[{}]\w", words(html))
    assert "c6af9ac6-7b61-11e6-9a41-93e8deadbeef" in html


def test_a_refusal_keeps_the_headers_of_its_problem() -> None:
    assert refusal(Problem.not_stored(), a_get("/x")).headers["Retry-After"] == "5"


def test_the_confirmation_says_the_hours_of_the_location() -> None:
    text = words(confirmation(location="san_diego", contact="email").body)

    assert "will send you an email within one business day" in text
    assert "Tuesday to Saturday, 8 am to 4 pm" in text
    assert "7K2Q-XM4D-9TPA" in text


@pytest.mark.parametrize(
    "query",
    [{"location": "<b>"}, {"contact": "<b>"}, {"location": "gone"}, {"location": "not_sure"}],
)
def test_a_confirmation_without_a_known_location_is_the_clinics(query: dict[str, str]) -> None:
    html = confirmation(**query).body

    assert "Monday to Friday, 8 am to 5 pm" in html
    assert "<b>" not in html.replace("<body", "")


@pytest.mark.parametrize("reference", ["", "7K2Q", "7k2q-xm4d-9tpa", "IIII-LLLL-OOOO", "<script>"])
def test_a_reference_that_can_not_be_one_of_ours_is_not_confirmed(reference: str) -> None:
    with pytest.raises(Problem) as refused:
        confirmation(reference=reference)
    assert refused.value.status == 404


@pytest.mark.parametrize(
    ("resource", "url_path", "root"),
    [
        ("/", "/dev/", "./"),
        ("/", "/", "./"),
        ("/", "/forms/", "./"),
        ("/received", "/dev/received", "./"),
        ("/received", "/received", "./"),
        ("/consultations", "/forms/consultations", "./"),
        ("/{unknown+}", "/dev/a", "./"),
        ("/{unknown+}", "/dev/a/b", "../"),
        ("/{unknown+}", "/dev/a/b/", "../../"),
        ("/{unknown+}", "/a/b/c", "../../"),
    ],
)
def test_links_lead_to_the_root_from_wherever_the_page_is(
    resource: str, url_path: str, root: str
) -> None:
    unknown = url_path.removeprefix("/dev").strip("/")
    request = a_get(resource, url_path=url_path, path_parameters={"unknown": unknown})

    html = refusal(Problem.not_found(), request).body

    assert f'href="{root}?lang=en"' in html


@pytest.mark.parametrize(("url_path", "location"), [("/dev", "dev/"), ("/forms", "forms/")])
def test_a_root_without_its_slash_is_sent_to_the_one_with_it(url_path: str, location: str) -> None:
    answer = form(a_get("/", url_path=url_path))
    spanish = form(a_get("/", url_path=url_path, query={"lang": "es"}))

    assert answer.status == spanish.status == 308
    assert answer.headers["Location"] == location
    assert spanish.headers["Location"] == f"{location}?lang=es"


def test_a_page_offers_itself_in_the_other_language() -> None:
    page = confirmation(location="mesa", lang="es").body
    assert 'href="?reference=7K2Q-XM4D-9TPA&amp;location=mesa&amp;lang=en" hreflang="en"' in page

    posted = an_http_request(urlencoded(), content_type=URLENCODED)
    assert 'href="./?lang=es" hreflang="es"' in refusal(Problem.not_stored(), posted).body


def test_a_program_that_would_rather_have_a_page_gets_what_can_be_shown() -> None:
    request = an_http_request(
        fields(message=["a", 1], interests=[{"a": 1}], phone=5, age_18_plus=False)
    )

    assert refusal(Problem.not_stored(), request).status == 503
