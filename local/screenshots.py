"""`make screenshots`: the main states of the form as people see them, into docs/screenshots."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from local.chromium import INSTALL, SWITCHES, chromium
from local.emulator import HOST
from local.processes import ROOT
from local.stack import running_stack
from local.steps import say
from local.website import serving_website

FOLDER = ROOT / "docs" / "screenshots"
PORT = 8790
WIDTHS = (320, 1280)
SCHEMES = ("light", "dark")


def main() -> int:
    """Take them all; 1 if there is no browser to take them with."""
    executable = chromium()
    if executable is None:
        say(INSTALL)
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    website_origin = f"http://{HOST}:{PORT + 2}"
    with (
        tempfile.TemporaryDirectory() as folder,
        running_stack(
            port=PORT,
            folder=Path(folder),
            allowed_origins=[website_origin],
            parameters={"ThrottleRate": "1000", "ThrottleBurst": "1000"},
        ) as stack,
        serving_website(port=PORT + 2, form_url=stack.form_url) as website,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=executable, args=list(SWITCHES))
        for name, state in _states(stack.form_url, website).items():
            _take(browser, name, state)
        browser.close()
    return 0


def _states(form: str, website: str) -> dict[str, Callable[[Page], None]]:
    def errors(page: Page) -> None:
        page.goto(form)
        page.get_by_label("Your name").fill("Ana Ejemplo")
        page.get_by_label("Text message", exact=True).check()
        page.get_by_label("Phone number").fill("555-0123")
        page.get_by_role("button", name="Send my request").click()
        page.get_by_role("alert").wait_for()

    def embedded(page: Page) -> None:
        page.goto(website)
        page.get_by_role("button", name="Send my request").wait_for()

    def at(path: str) -> Callable[[Page], None]:
        def go(page: Page) -> None:
            page.goto(form + path)

        return go

    return {
        "form": at(""),
        "form-in-spanish": at("?lang=es"),
        "errors": errors,
        "confirmation": at("received?reference=7K2Q-XM4D-9TPA&location=mesa&contact=text"),
        "not-found": at("no/such/page"),
        "on-a-website": embedded,
    }


def _take(browser: Browser, name: str, state: Callable[[Page], None]) -> None:
    for width in WIDTHS:
        for scheme in SCHEMES:
            page = browser.new_page(
                viewport={"width": width, "height": 800},
                color_scheme=scheme,  # type: ignore[arg-type]  # one of the two
                locale="en-US",
            )
            state(page)
            file = FOLDER / f"{name}-{width}-{scheme}.png"
            page.screenshot(path=file, full_page=True)
            page.close()
            # A third of the size, and no difference to see.
            if pngquant := shutil.which("pngquant"):
                subprocess.run(  # noqa: S603 - our own command, no shell
                    [pngquant, "--force", "--strip", "--output", file, "256", file], check=True
                )


if __name__ == "__main__":
    sys.exit(main())
