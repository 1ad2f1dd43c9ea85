from dataclasses import replace
from html.parser import HTMLParser
from typing import get_args

import pytest

from consultations.staff_alert import AlertDetail, Email, staff_alert
from tests.builders import CLINIC, a_consultation

PERSONAL = {
    "full_name": "Zyx Sentinel",
    "phone": "480-555-0177",
    "email": "zyx.sentinel@example.com",
}
SENSITIVE = {"message": "Sentinel of a message", "interests": ["crps", "ptsd"]}


def alert(detail: AlertDetail = "contact", **changes: object) -> Email:
    return staff_alert(
        a_consultation(**changes), CLINIC, detail=detail, sender_domain="alerts.example.com"
    )


class _Page(HTMLParser):
    """What a reader of the HTML part sees, and where its links lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.links: list[str] = []
        self.elements: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.links += [value for name, value in attrs if name in ("href", "src") and value]

    def handle_data(self, data: str) -> None:
        self.text += data


def seen(email: Email) -> list[str]:
    return [email.text, _Page(email.html).text]


def test_reference_repeats_nothing_personal() -> None:
    email = alert("reference", **PERSONAL, **SENSITIVE)
    everything = f"{email.subject}{email.text}{email.html}{email.headers}"

    for secret in ("Zyx", "Sentinel", "0177", "CRPS", "PTSD"):
        assert secret not in everything
    for part in seen(email):
        assert "Reference" in part
        assert "9:30 AM" in part


def test_contact_says_how_and_when_to_reach_the_person_and_no_more() -> None:
    email = alert("contact", **PERSONAL, **SENSITIVE, best_time="morning", may_leave_message=True)

    for part in seen(email):
        for fact in ("Zyx Sentinel", "480-555-0177", "zyx.sentinel@example.com", "In the morning"):
            assert fact in part
        assert "A message may mention the clinic" in part
        for secret in ("Sentinel of a message", "CRPS", "PTSD"):
            assert secret not in part
    assert _Page(email.html).links == ["tel:+14805550177", "mailto:zyx.sentinel@example.com"]


def test_full_repeats_everything() -> None:
    for part in seen(alert("full", **PERSONAL, **SENSITIVE, referral_source="search")):
        for fact in ("Sentinel of a message", "CRPS, PTSD", "Web search"):
            assert fact in part


@pytest.mark.parametrize("detail", get_args(AlertDetail))
@pytest.mark.parametrize(("language", "said"), [("en", "English"), ("es", "Spanish")])
def test_the_language_to_call_back_in_is_said(
    detail: AlertDetail, language: str, said: str
) -> None:
    email = alert(detail, language=language)

    assert f"Language: {said}" in email.text
    assert f"Language{said}" in _Page(email.html).text.replace("\n", "")


def test_a_request_from_before_the_form_spoke_spanish_is_alerted_too() -> None:
    older = replace(a_consultation(), language=None)

    email = staff_alert(older, CLINIC, detail="full", sender_domain="alerts.example.com")

    assert "Language: Not said" in email.text


@pytest.mark.parametrize("location", [*CLINIC.locations, "not_sure"])
def test_the_subject_is_short_and_holds_no_personal_data(location: str) -> None:
    consultation = a_consultation(location=location, **PERSONAL)
    subject = staff_alert(
        consultation, CLINIC, detail="full", sender_domain="alerts.example.com"
    ).subject

    assert len(subject) <= 60
    assert subject == (
        f"New consultation request – {CLINIC.location(location).name} – {consultation.id}"
    )


@pytest.mark.parametrize("location", [*CLINIC.locations, "not_sure"])
@pytest.mark.parametrize("detail", ["reference", "contact", "full"])
def test_a_request_that_may_be_a_call_for_help_says_so_in_the_subject_but_not_why(
    location: str, detail: AlertDetail
) -> None:
    email = alert(detail, location=location, message="I want to die.", **PERSONAL)

    assert len(email.subject) <= 60
    assert email.subject.startswith(f"Priority request – {CLINIC.location(location).name} – ")
    for part in seen(email):
        assert "Read this request first" in part
        assert ("want to die" in part) is (detail == "full")


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("mesa", "Saturday, January 31, 2026 at 9:30 AM MST"),
        ("albuquerque", "Saturday, January 31, 2026 at 9:30 AM MST"),
        ("san_diego", "Saturday, January 31, 2026 at 8:30 AM PST"),
    ],
)
def test_times_are_those_of_the_location(location: str, shown: str) -> None:
    for part in seen(alert(location=location)):
        assert shown in part


def test_markup_and_placeholders_are_shown_as_they_were_typed() -> None:
    typed = "<img src=x onerror=alert(1)> {{7*7}} $title ${rows} %s &amp;"
    email = alert("full", full_name=typed, message=typed)

    page = _Page(email.html)
    assert "img" not in page.elements
    assert page.text.replace("\u200b", "").count(typed) == 2
    assert email.text.replace("\u200b", "").count(typed) == 2


def test_a_name_with_line_breaks_stays_on_its_line() -> None:
    email = alert(full_name="Ana\r\nBcc: bob@example.com\u202e")

    assert "Name: Ana Bcc: bob" in email.text.replace("\u200b", "")
    assert "\u202e" not in email.text + email.html
    assert all("\n" not in value and "Ana" not in value for value in email.headers.values())


def test_a_link_that_a_stranger_typed_is_not_left_to_click_on() -> None:
    email = alert("full", message="https://evil.test/login or evil.test", full_name="evil.test")

    for part in (email.text, email.html):
        assert "evil.test" not in part
        assert "evil" in part
    assert all(link.startswith("tel:") for link in _Page(email.html).links)


def test_lines_of_a_message_stay_lines() -> None:
    email = alert("full", message="one\r\ntwo")

    assert "Message: one\ntwo" in email.text
    assert "one<br>two" in email.html


def test_an_odd_address_can_not_add_to_its_link() -> None:
    email = alert(preferred_contact="email", email="a?bcc=b&c%0A=d@example.com")

    assert "mailto:a%3Fbcc%3Db%26c%250A%3Dd@example.com" in _Page(email.html).links


def test_automatic_answers_are_discouraged_and_the_thread_is_kept() -> None:
    headers = alert().headers

    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["X-Auto-Response-Suppress"] == "All"
    assert headers["List-Id"] == "<consultation-requests.alerts.example.com>"
    assert headers["References"].endswith("@alerts.example.com>")


def test_nothing_is_fetched_when_the_mail_is_read() -> None:
    html = alert("full", **PERSONAL, **SENSITIVE).html

    assert "http" not in html
    assert not _Page(html).elements & {"img", "script", "link", "iframe", "form"}
    assert 'lang="en"' in html
