"""The browser of tests, screenshots and measurements: Chromium as it is on this machine."""

import shutil

INSTALL = "Install Chromium first; on Debian and Ubuntu: apt-get install chromium"

SWITCHES = (
    "--no-sandbox",  # as root, where continuous integration runs
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # Nothing of the browser's own may be mistaken for a request of the page.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str | None:
    """Where it is, if it is on this machine."""
    return next(filter(None, map(shutil.which, _NAMES)), None)
