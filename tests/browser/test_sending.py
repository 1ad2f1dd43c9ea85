"""Filling in the form and sending it, on a good day and on a bad one."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from playwright.sync_api import Page, Route

from consultations.pages import Pages
from consultations.problem import Problem
from consultations.screening import FASTEST_PERSON
from tests.browser.conftest import OpenBrowser
from tests.browser.person import ENGLISH, SPANISH, Person
from tests.builders import CLINIC, NOW, an_http_request
from tests.end_to_end.deployment import Deployment

POSTS = "**/consultations?*"
URLENCODED = "application/x-www-form-urlencoded"


def somebody() -> str:
    """A name that nobody else has."""
    return f"Ana Ejemplo {uuid4().hex[:8]}"


def hurry(page: Page) -> None:
    """Let waits between tries end at once; they are counted in `delays`."""
    page.add_init_script(
        "window.delays = []; const later = window.setTimeout;"
        "window.setTimeout = (callback, ms) => {"
        " if (ms < 29000) { window.delays.push(ms); return later(callback, 0); }"
        " return later(callback, ms); };"
    )


def test_a_request_reaches_the_clinic(anybody: Person) -> None:
    name = somebody()
    anybody.open_form()
    anybody.fill_in(name)
    anybody.send()

    reference = anybody.sees_confirmation()

    (item,) = anybody.stored(name)
    assert item["id"] == reference
    assert item["language"] == "en"
    assert item["phone"] == "(480) 555-0123"
    text = anybody.page.locator("main").inner_text()
    assert "will call you within one business day" in text
    assert "Monday to Friday, 8 am to 5 pm" in text
    assert "+1 480-555-0100" in text


def test_the_address_of_the_confirmation_names_nobody(open_browser: OpenBrowser) -> None:
    person = open_browser(java_script_enabled=False)
    name = somebody()
    person.open_form()
    person.fill_in(name)
    person.send()
    reference = person.sees_confirmation()

    query = parse_qs(urlsplit(person.page.url).query)

    assert query == {
        "reference": [reference],
        "contact": ["call"],
        "location": ["mesa"],
        "lang": ["en"],
    }


def test_mistakes_are_listed_with_every_answer_kept(anybody: Person) -> None:
    person = anybody
    person.open_form()
    person.page.get_by_label("Your name").fill("Zoë O'Sample")
    person.page.get_by_label("Text message", exact=True).check()
    person.page.get_by_label("Phone number").fill("555-0123")
    person.page.get_by_label("Albuquerque").check()
    person.page.get_by_label("Chronic pain").check()
    person.page.get_by_label("PTSD").check()
    person.page.get_by_label("Evening").check()
    person.page.get_by_label("How did you hear of us?").select_option(label="Social media")
    person.page.get_by_label("Anything you would like us to know?").fill("Line one\nand <b>two</b>")
    person.page.get_by_label("not for emergencies").check()
    person.send()

    person.sees_summary()

    assert person.page.title().startswith("Error: ")
    assert person.summary.get_by_role("listitem").all_inner_texts() == [
        "Enter a phone number with its area code, like 480-555-0100",
        "Confirm that you are 18 or older",
        "Confirm that the clinic may contact you about your request",
    ]
    page = person.page
    assert page.get_by_label("Your name").input_value() == "Zoë O'Sample"
    assert page.get_by_label("Text message", exact=True).is_checked()
    assert page.get_by_label("Phone number").input_value() == "555-0123"
    assert page.get_by_label("Albuquerque").is_checked()
    assert page.get_by_label("Chronic pain").is_checked()
    assert page.get_by_label("PTSD").is_checked()
    assert page.get_by_label("Evening").is_checked()
    assert page.get_by_label("How did you hear of us?").input_value() == "social_media"
    message = page.get_by_label("Anything you would like us to know?").input_value()
    assert message == "Line one\nand <b>two</b>"
    assert page.get_by_label("not for emergencies").is_checked()
    assert not page.get_by_label("may contact me about a consultation").first.is_checked()


def test_a_mistake_is_said_beside_its_field_and_a_link_leads_there(anybody: Person) -> None:
    anybody.open_form()
    anybody.send()
    anybody.sees_summary()

    for name, sentence in (
        ("full_name", "Enter your name"),
        ("preferred_contact", "Choose how the clinic should contact you"),
        ("age_18_plus", "Confirm that you are 18 or older"),
    ):
        assert sentence in anybody.page.locator(f"#{name}-error").inner_text()
        anybody.summary.get_by_role("link", name=sentence).click()
        assert anybody.focused()["id"] == name
        described = anybody.page.locator(f"[aria-invalid][aria-describedby~='{name}-error']")
        assert described.count() == 1


def test_a_corrected_form_is_sent(anybody: Person) -> None:
    name = somebody()
    anybody.open_form()
    anybody.send()
    anybody.sees_summary()
    anybody.fill_in(name)
    anybody.send()

    anybody.sees_confirmation()

    assert len(anybody.stored(name)) == 1


def test_nothing_is_chosen_or_ticked_beforehand(person: Person) -> None:
    person.open_form()

    assert person.page.locator("form :checked:not(option)").count() == 0


def test_somebody_under_18_is_told_where_to_ask(anybody: Person) -> None:
    anybody.open_form()
    anybody.fill_in(somebody())
    anybody.page.get_by_role("group", name=ENGLISH.adult).get_by_label("No", exact=True).check()
    anybody.send()
    anybody.sees_summary()

    assert "ask a pediatrician or family doctor" in anybody.summary.inner_text()


def test_reload_and_back_after_the_confirmation_create_nothing(anybody: Person) -> None:
    name = somebody()
    anybody.open_form()
    anybody.fill_in(name)
    anybody.send()
    anybody.sees_confirmation()

    anybody.page.reload()
    anybody.page.go_back()
    anybody.page.wait_for_load_state()

    assert len(anybody.stored(name)) == 1


def test_a_double_click_is_one_request(anybody: Person) -> None:
    name = somebody()
    anybody.open_form()
    anybody.fill_in(name)
    anybody.send_button.dblclick()
    anybody.sees_confirmation()

    assert len(anybody.stored(name)) == 1


def test_enter_twice_is_one_request(anybody: Person) -> None:
    name = somebody()
    anybody.open_form()
    anybody.fill_in(name)
    anybody.page.get_by_label("Phone number").focus()
    anybody.page.keyboard.press("Enter")
    anybody.page.keyboard.press("Enter")
    anybody.sees_confirmation()

    assert len(anybody.stored(name)) == 1


def test_two_tabs_with_one_form_are_one_request(open_browser: OpenBrowser) -> None:
    """As after 'duplicate tab', which copies a form with its hidden key."""
    name = somebody()
    first = open_browser(java_script_enabled=False)
    first.open_form()
    second = Person(first.page.context.new_page(), first.deployment)
    second.open_form()
    key = first.page.locator("[name=submission_id]").get_attribute("value")
    first.page.context.route(
        POSTS,
        lambda route: route.continue_(
            post_data=_with_key(route.request.post_data or "", str(key)),
        ),
    )
    for tab in (first, second):
        tab.fill_in(name)
        tab.send()
        tab.sees_confirmation()

    assert len(first.stored(name)) == 1


def _with_key(body: str, key: str) -> str:
    return "&".join(
        f"submission_id={key}" if pair.startswith("submission_id=") else pair
        for pair in body.split("&")
    )


def test_a_form_that_was_sent_with_other_answers_can_be_sent_as_another_request(
    open_browser: OpenBrowser,
) -> None:
    """As after going back to the form and changing something."""
    person = open_browser(java_script_enabled=False)
    first, second = somebody(), somebody()
    person.open_form()
    form = person.page.content()
    person.fill_in(first)
    person.send()
    person.sees_confirmation()
    person.page.route(
        person.deployment.stack.form_url,
        lambda route: route.fulfill(body=form, content_type="text/html"),
    )
    person.open_form()
    person.fill_in(second)
    person.send()
    person.sees_summary("This form was already sent")
    assert person.page.get_by_label("Your name").input_value() == second
    person.send()
    person.sees_confirmation()

    assert [len(person.stored(name)) for name in (first, second)] == [1, 1]


def test_what_hides_from_people_is_only_filled_in_by_programs(person: Person) -> None:
    name = somebody()
    person.open_form()
    person.fill_in(name)
    trap = person.page.locator("[name=homepage]")
    assert trap.get_attribute("tabindex") == "-1"
    assert trap.evaluate("element => element.getBoundingClientRect().right") < 0
    trap.evaluate("element => { element.value = 'https://example.com'; }")
    person.send()
    person.sees_confirmation()

    (item,) = person.stored(name)
    assert item["status"] == "quarantined"


def test_the_keyboard_is_enough(anybody: Person) -> None:
    name = somebody()
    page = anybody.page
    anybody.open_form()

    def go_to(field: str) -> None:
        for _ in range(60):
            if anybody.focused()["id"] == field:
                return
            page.keyboard.press("Tab")
        pytest.fail(f"{field} can't be reached with the keyboard")

    go_to("full_name")
    page.keyboard.type(name)
    go_to("preferred_contact")
    page.keyboard.press("Space")
    go_to("phone")
    page.keyboard.type("480 555 0123")
    go_to("location")
    page.keyboard.press("Space")
    go_to("age_18_plus")
    page.keyboard.press("Space")
    go_to("consent_to_contact")
    page.keyboard.press("Space")
    go_to("ack_not_emergency")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")

    anybody.sees_confirmation()
    assert len(anybody.stored(name)) == 1


def test_offline_nothing_is_lost_and_nothing_looks_sent(person: Person) -> None:
    name = somebody()
    hurry(person.page)
    person.open_form()
    person.fill_in(name)
    person.page.context.set_offline(offline=True)
    person.send()
    person.sees_summary(ENGLISH.unsent)

    assert "+1 480-555-0100" in person.summary.inner_text()
    assert "988" in person.page.locator(".crisis").inner_text()
    assert person.page.get_by_label("Your name").input_value() == name
    assert person.page.get_by_text(ENGLISH.received).count() == 0
    person.page.context.set_offline(offline=False)
    assert person.stored(name) == []
    person.send()
    person.sees_confirmation()
    assert len(person.stored(name)) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_it_tries_again_by_itself_until_the_request_is_stored(person: Person, status: int) -> None:
    name = somebody()
    keys: list[list[str]] = []
    hurry(person.page)

    def fail_twice(route: Route) -> None:
        keys.append(parse_qs(route.request.post_data or "")["submission_id"])
        if len(keys) <= 2:
            route.fulfill(status=status, headers={"Retry-After": "3"}, body="{}")
        else:
            route.continue_()

    person.page.route(POSTS, fail_twice)
    person.open_form()
    person.fill_in(name)
    person.send()
    person.sees_confirmation()

    assert len(keys) == 3
    assert keys[0] == keys[1] == keys[2]
    assert len(person.stored(name)) == 1
    delays = person.page.evaluate("window.delays")
    assert len(delays) == 2
    assert all(3000 <= delay <= 3000 + 4000 for delay in delays)


def test_an_answer_that_got_lost_is_asked_for_again_and_stored_once(person: Person) -> None:
    name = somebody()
    lost: list[int] = []
    hurry(person.page)

    def lose_the_first(route: Route) -> None:
        if not lost:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    person.page.route(POSTS, lose_the_first)
    person.open_form()
    person.fill_in(name)
    person.send()
    person.sees_confirmation()

    assert lost == [201]
    assert len(person.stored(name)) == 1


@pytest.mark.parametrize("status", [200, 202, 204, 302, 403])
def test_only_a_201_is_shown_as_success(person: Person, status: int) -> None:
    """A hotel's or a company's gateway may answer in the API's place."""
    hurry(person.page)
    person.page.route(
        POSTS, lambda route: route.fulfill(status=status, body="<h1>Welcome to our wi-fi</h1>")
    )
    person.open_form()
    person.fill_in("Ana Ejemplo")
    person.send()
    person.sees_summary(ENGLISH.unsent)

    assert person.page.get_by_text(ENGLISH.received).count() == 0
    assert person.page.get_by_label("Your name").input_value() == "Ana Ejemplo"


def test_a_stored_request_is_confirmed_even_if_its_page_does_not_come(person: Person) -> None:
    name = somebody()
    hurry(person.page)
    person.page.route("**/received?*", lambda route: route.abort())
    person.open_form()
    person.fill_in(name)
    person.send()
    person.page.get_by_text("will call you within one business day").wait_for()

    (item,) = person.stored(name)
    assert item["id"] in person.page.locator("form").inner_text()


def test_a_table_that_is_out_of_reach_keeps_the_answers(open_browser: OpenBrowser) -> None:
    """What the function answers then is put in the way of the first try."""
    person = open_browser(java_script_enabled=False)
    name = somebody()

    def not_stored(route: Route) -> None:
        posted = an_http_request(route.request.post_data, content_type=URLENCODED)
        page = Pages(CLINIC).refusal(Problem.not_stored(), posted, now=NOW, submission_id="")
        route.fulfill(status=page.status, headers=dict(page.headers), body=page.body)

    person.page.route(POSTS, not_stored)
    person.open_form()
    person.fill_in(name)
    person.page.get_by_label("Anything you would like us to know?").fill("Not to be lost")
    key = person.page.locator("[name=submission_id]").get_attribute("value")
    person.send()
    person.sees_summary("Your request could not be saved just now")
    assert "+1 480-555-0100" in person.summary.inner_text()
    message = person.page.get_by_label("Anything you would like us to know?")
    assert message.input_value() == "Not to be lost"
    assert person.page.locator("[name=submission_id]").get_attribute("value") == key
    person.page.unroute(POSTS)
    person.send()
    person.sees_confirmation()

    assert len(person.stored(name)) == 1


@pytest.mark.parametrize(
    ("query", "locale"), [("?lang=es", "en-US"), ("", "es-MX")], ids=["by the site", "by browser"]
)
@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without"])
def test_in_spanish_all_of_it_is_spanish(
    open_browser: OpenBrowser, deployment: Deployment, query: str, locale: str, *, script: bool
) -> None:
    name = somebody()
    opened = open_browser(locale=locale, java_script_enabled=script)
    person = Person(opened.page, deployment, SPANISH)
    person.open_form(query)
    person.send()
    person.sees_summary()
    assert "Escriba su nombre" in person.summary.inner_text()
    person.fill_in(name)
    person.page.wait_for_timeout(FASTEST_PERSON / timedelta(milliseconds=1))  # or it is held back
    person.send()
    person.sees_confirmation()

    assert "le llamará en un plazo de un día hábil" in person.page.locator("main").inner_text()
    assert "llame al 988" in person.page.locator(".crisis").inner_text()
    (item,) = person.stored(name)
    assert item["language"] == "es"
    assert "Language: Spanish" in deployment.alert(item["id"]).text
