"""A real browser in front of the deployed stack: one Chromium, a fresh profile for each test."""

import os
from collections.abc import Callable, Iterator
from typing import NoReturn
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from local.chromium import INSTALL, SWITCHES, chromium
from local.website import serving_website
from tests.browser.person import Person
from tests.end_to_end.deployment import Deployment

PATIENCE_MS = 30_000  # on a busy machine
OpenBrowser = Callable[..., Person]


def lacking(what: str) -> NoReturn:
    """Without a tool these tests can't run; where everything must run, that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium as it is installed on this machine."""
    executable = chromium()
    if executable is None:
        lacking(f"The browser tests need a browser. {INSTALL}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(SWITCHES))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def website(deployment: Deployment, website_origin: str) -> Iterator[str]:
    """The address of a clinic's own website with the form on it."""
    port = urlsplit(website_origin).port
    assert port is not None
    with serving_website(port=port, form_url=deployment.stack.form_url) as address:
        yield address


@pytest.fixture
def open_browser(
    browser: Browser, deployment: Deployment, website_origin: str
) -> Iterator[OpenBrowser]:
    """Opens a browser that has never been here; `options` are those of a browser context.

    Afterwards, whatever the test was about: nothing was asked of any other server, nothing is kept
    in the browser, and nothing was blocked or broken.
    """
    ours = {deployment.stack.emulator.url, website_origin}
    contexts = []
    requested: list[str] = []
    complaints: list[str] = []

    def request(request: Request) -> None:
        requested.append(request.url)

    def console(message: ConsoleMessage) -> None:
        # A failed request is said by the browser itself, and many a test is about one.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            complaints.append(message.text)

    def watch(page: Page) -> None:
        page.on("console", console)
        page.on("pageerror", lambda error: complaints.append(str(error)))

    def opened(**options: object) -> Person:
        context = browser.new_context(**{"locale": "en-US", **options})  # type: ignore[arg-type] # any options
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        context.on("request", request)
        context.on("page", watch)
        return Person(context.new_page(), deployment)

    yield opened

    for context in contexts:
        for page in context.pages:
            if page.url.startswith("http"):
                stored = "[localStorage.length, sessionStorage.length, document.cookie.length]"
                assert page.evaluate(stored) == [0, 0, 0]
        context.close()
    others = {url for url in requested if not url.startswith((*ours, "data:"))}
    assert not others
    assert not complaints


@pytest.fixture
def person(open_browser: OpenBrowser) -> Person:
    """Somebody with an ordinary browser."""
    return open_browser()


@pytest.fixture(params=["with JavaScript", "without JavaScript"])
def anybody(open_browser: OpenBrowser, request: pytest.FixtureRequest) -> Person:
    """Somebody, with JavaScript and without."""
    return open_browser(java_script_enabled=request.param == "with JavaScript")
