"""The form on a clinic's own website, which is another origin with a strict policy of its own."""

from tests.browser.conftest import OpenBrowser
from tests.browser.person import ENGLISH, SPANISH, Person
from tests.browser.test_sending import POSTS, hurry, somebody
from tests.end_to_end.deployment import Deployment


def test_one_tag_puts_the_form_on_the_page(person: Person, website: str) -> None:
    name = somebody()
    person.page.goto(website)
    assert "988" in person.page.locator(".crisis").inner_text()
    person.send()
    person.sees_summary()
    person.summary.get_by_role("link", name="Enter your name").click()
    assert person.focused()["id"] == "full_name"
    assert person.barriers() == []
    person.fill_in(name)
    person.send()
    reference = person.sees_confirmation()

    assert person.page.url == website
    assert person.focused()["tag"] == "h1"
    assert person.barriers() == []
    (item,) = person.stored(name)
    assert item["id"] == reference


def test_the_form_takes_the_language_of_the_page(
    person: Person, website: str, deployment: Deployment
) -> None:
    name = somebody()
    reader = Person(person.page, deployment, SPANISH)
    reader.page.goto(f"{website}es.html")
    reader.fill_in(name)
    reader.send()
    reader.sees_confirmation()

    (item,) = reader.stored(name)
    assert item["language"] == "es"


def test_headings_stand_below_the_heading_of_the_page(person: Person, website: str) -> None:
    person.page.goto(website)
    person.send_button.wait_for()

    assert person.page.locator("h1:not([aria-level])").all_inner_texts() == ["Talk to us"]
    assert person.page.locator("[aria-level='2']").all_inner_texts() == ["Book a free consultation"]


def test_the_sites_style_and_the_forms_leave_each_other_alone(person: Person, website: str) -> None:
    person.page.goto(website)
    person.send_button.wait_for()

    label = person.page.get_by_text("Your name", exact=True)
    assert "Georgia" not in label.evaluate("e => getComputedStyle(e).fontFamily")
    heading = person.page.get_by_role("heading", name="Talk to us")
    assert "Georgia" in heading.evaluate("e => getComputedStyle(e).fontFamily")


def test_a_failing_network_on_the_site_keeps_the_text(person: Person, website: str) -> None:
    name = somebody()
    hurry(person.page)
    person.page.goto(website)
    person.fill_in(name)
    person.page.route(POSTS, lambda route: route.abort())
    person.send()
    person.sees_summary(ENGLISH.unsent)
    assert "+1 480-555-0100" in person.summary.inner_text()
    assert person.page.get_by_label("Your name").input_value() == name
    person.page.unroute(POSTS)
    person.send()
    person.sees_confirmation()

    assert len(person.stored(name)) == 1


def test_a_form_that_can_not_be_loaded_leaves_a_way_to_it(person: Person, website: str) -> None:
    hurry(person.page)
    form = f"{person.deployment.stack.form_url}?lang=*"
    person.page.route(form, lambda route: route.abort())
    person.page.goto(website)

    link = person.page.get_by_role("link", name="Open the form on its own page")
    link.wait_for()
    assert "988" in person.page.locator("[data-consultation-form]").inner_text()
    person.page.unroute(form)
    link.click()
    person.send_button.wait_for()


def test_a_form_of_the_sites_own_is_received(anybody: Person, website: str) -> None:
    name = somebody()
    page = anybody.page
    page.goto(f"{website}plain.html")
    page.get_by_label("Your name").fill(name)
    page.get_by_label("I am 18 or older").check()
    page.get_by_label("may contact me").check()
    page.get_by_label("not for emergencies").check()
    page.get_by_role("button", name="Ask for a call").click()
    anybody.sees_summary()
    assert page.get_by_label("Your name").input_value() == name
    page.get_by_label("Phone number").fill("480-555-0123")
    anybody.send()
    anybody.sees_confirmation()

    assert len(anybody.stored(name)) == 1


def test_without_javascript_the_site_still_says_where_the_form_is(
    open_browser: OpenBrowser, website: str
) -> None:
    person = open_browser(java_script_enabled=False)
    person.page.goto(website)
    person.page.get_by_role("link", name="Book a free consultation").click()

    person.send_button.wait_for()
