"""What the form costs a visitor: python -m benchmarks.form.

The stack runs on the emulator, without a network between it and Chromium, whose processor is slowed
down four times. Measured are the requests and bytes of a first visit and how long it takes until
the form is seen and until it can be used. Compressed is what API Gateway sends, by the template's
MinimumCompressionSize; the emulator sends everything as it is.
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

from benchmarks.results import Table, write_result
from local.chromium import INSTALL, SWITCHES, chromium
from local.emulator import HOST
from local.stack import running_stack
from local.website import serving_website
from tests.conftest import free_port

SLOWDOWN = 4
ROUNDS = 15

# It may come after the load event.
PAINTED = """() => new Promise((resolve) => {
    new PerformanceObserver((seen) => {
        const [paint] = seen.getEntriesByName("first-contentful-paint");
        if (paint) resolve(paint.startTime);
    }).observe({ type: "paint", buffered: true });
})"""
LOADED = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One visit of somebody who has never been there."""

    requests: int
    bytes_sent: int
    bytes_compressed: int
    painted_ms: float | None
    usable_ms: float | None


def main() -> None:
    """Measure and write the table."""
    executable = chromium()
    if executable is None:
        sys.exit(f"This benchmark needs Chromium. {INSTALL}")
    website_port = free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_stack(
            port=free_port(),
            folder=Path(folder),
            allowed_origins=[f"http://{HOST}:{website_port}"],
            parameters={"ThrottleRate": "1000", "ThrottleBurst": "1000"},
        ) as stack,
        serving_website(port=website_port, form_url=stack.form_url) as website,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=executable, args=list(SWITCHES))
        version = browser.version
        visits = {
            "hosted form": _visits(browser, stack.form_url, _hosted),
            "hosted form, without JavaScript": _visits(
                browser, stack.form_url, _plain, java_script_enabled=False
            ),
            "form on a website": _visits(browser, website, _embedded),
        }
        browser.close()
    how = (
        f"Chromium {version}, its processor slowed down {SLOWDOWN} times; {ROUNDS} first visits "
        "each, against the stack on the emulator, without a network between them. Times are "
        "medians (fastest to slowest). Compressed is what API Gateway sends, by the template's "
        "`MinimumCompressionSize`; the emulator sends everything as it is. The form on a website "
        "is counted with the website's own page and style; "
        f"load of the machine {os.getloadavg()[1]:.1f}, this included"
    )
    write_result(
        "form",
        _table(visits),
        how,
        unit="kB of a first visit, compressed",
        python=platform.python_version(),  # the emulator runs the functions on that of .venv
        bars={name: made[0].bytes_compressed / 1000 for name, made in visits.items()},
    )


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


def _table(visits: dict[str, list[Visit]]) -> Table:
    """Requests and bytes, the same at every visit, and medians of the times."""
    rows = [
        [
            name,
            str(made[0].requests),
            f"{made[0].bytes_compressed:,}",
            f"{made[0].bytes_sent:,}",
            _times([visit.painted_ms for visit in made]),
            _times([visit.usable_ms for visit in made]),
        ]
        for name, made in visits.items()
    ]
    heads = ["page", "requests", "bytes compressed", "bytes", "first paint, ms", "usable, ms"]
    return Table(heads, rows)


def _times(measured: list[float | None]) -> str:
    times = [time for time in measured if time is not None]
    if not times:
        return "not measured"
    return f"{statistics.median(times):.0f} ({min(times):.0f} to {max(times):.0f})"


if __name__ == "__main__":
    main()
