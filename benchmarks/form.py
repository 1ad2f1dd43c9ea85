"""What the form costs a visitor: bytes, requests, and the time until it can be used.

`python -m benchmarks.form` deploys the stack to the emulator, opens the form in Chromium with its
processor slowed down four times, and writes benchmarks/results/form.md.
"""

import gzip
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, Response, sync_playwright

from local.chromium import INSTALL, SWITCHES, chromium
from local.emulator import HOST
from local.stack import running_stack
from local.steps import say
from local.website import serving_website

RESULTS = Path(__file__).parent / "results" / "form.md"
PORT = 8795
SLOWDOWN = 4
ROUNDS = 15

PAINTED = "performance.getEntriesByType('paint').at(-1).startTime"
LOADED = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One visit of somebody who has never been there."""

    requests: int
    bytes_sent: int
    bytes_compressed: int
    painted_ms: float | None
    usable_ms: float | None


def main() -> int:
    """Measure and write the table; 1 if there is no browser to measure with."""
    executable = chromium()
    if executable is None:
        say(INSTALL)
        return 1
    with (
        tempfile.TemporaryDirectory() as folder,
        running_stack(
            port=PORT,
            folder=Path(folder),
            allowed_origins=[f"http://{HOST}:{PORT + 2}"],
            parameters={"ThrottleRate": "1000", "ThrottleBurst": "1000"},
        ) as stack,
        serving_website(port=PORT + 2, form_url=stack.form_url) as website,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=executable, args=list(SWITCHES))
        version = browser.version
        rows = {
            "hosted form": _visits(browser, stack.form_url, _hosted),
            "hosted form, without JavaScript": _visits(
                browser, stack.form_url, _plain, java_script_enabled=False
            ),
            "form on a website": _visits(browser, website, _embedded),
        }
        browser.close()
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(_report(rows, version), encoding="utf-8")
    say(RESULTS.read_text(encoding="utf-8"))
    return 0


def _hosted(page: Page) -> tuple[float, float]:
    """Usable when its script has run: it waits for the parsed page and takes the form over."""
    return page.evaluate(PAINTED), page.evaluate(LOADED)


def _plain(_: Page) -> tuple[None, None]:
    """Without JavaScript nobody can ask the page for its times."""
    return None, None


def _embedded(page: Page) -> tuple[float, float]:
    """Usable when the button is there; the waiting for it is in the page, not in the test."""
    usable: float = page.evaluate(
        """() => new Promise((resolve) => {
            const look = () => {
                const host = document.querySelector("[data-consultation-form]");
                if (host.shadowRoot?.querySelector("button")) resolve(performance.now());
                else requestAnimationFrame(look);
            };
            look();
        })"""
    )
    return page.evaluate(PAINTED), usable


def _visits(
    browser: Browser,
    address: str,
    times: Callable[[Page], tuple[float | None, float | None]],
    **options: bool,
) -> list[Visit]:
    return [_visit(browser, address, times, **options) for _ in range(ROUNDS)]


def _visit(
    browser: Browser,
    address: str,
    times: Callable[[Page], tuple[float | None, float | None]],
    **options: bool,
) -> Visit:
    answers: list[Response] = []
    with _slow_page(browser, **options) as page:
        page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - a builtin is refused
        page.goto(address, wait_until="load")
        painted, usable = times(page)
        bodies = [answer.body() for answer in answers if answer.url.startswith("http")]
    return Visit(
        requests=len(bodies),
        bytes_sent=sum(map(len, bodies)),
        bytes_compressed=sum(len(gzip.compress(body, mtime=0)) for body in bodies),
        painted_ms=painted,
        usable_ms=usable,
    )


@contextmanager
def _slow_page(browser: Browser, **options: bool) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        java_script_enabled=options.get("java_script_enabled", True),
    )
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    yield page
    context.close()


def _report(rows: dict[str, list[Visit]], version: str) -> str:
    lines = [
        "# What the form costs a visitor",
        "",
        f"Made by `python -m benchmarks.form`: Chromium {version}, its processor slowed down",
        f"{SLOWDOWN} times, {ROUNDS} first visits each, against the stack on the emulator",
        f"({platform.machine()}), without a network between them. Times are medians, the fastest",
        "and the slowest in brackets. Compressed is what API Gateway sends, by the template's",
        "`MinimumCompressionSize`; the emulator sends everything as it is. The form on a website",
        "is counted with the website's own page and style.",
        "",
        f"The machine has {os.cpu_count()} processors; its load in these minutes was",
        f"{os.getloadavg()[1]:.0f}, this included.",
        "",
        "| | requests | bytes compressed | bytes | first paint, ms | usable, ms |",
        "|---|---|---|---|---|---|",
    ]
    for name, visits in rows.items():
        first = visits[0]
        cells = (
            name,
            str(first.requests),
            f"{first.bytes_compressed:,}",
            f"{first.bytes_sent:,}",
            _times([visit.painted_ms for visit in visits]),
            _times([visit.usable_ms for visit in visits]),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _times(measured: list[float | None]) -> str:
    times = [time for time in measured if time is not None]
    if not times:
        return "not measured"
    return f"{statistics.median(times):.0f} ({min(times):.0f}–{max(times):.0f})"


if __name__ == "__main__":
    sys.exit(main())
