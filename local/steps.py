"""The steps of a start: named as they run, with their time, and plain words when one fails."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOG_TAIL_LINES = 15


class StartError(Exception):
    """What keeps the stack from running, and what to do about it, in words for its user."""


def say(text: str = "", *, end: str = "\n") -> None:
    """Tell the person at the terminal, at once."""
    print(text, end=end, flush=True)  # noqa: T201 - the one place that writes to the terminal


@contextmanager
def step(name: str) -> Iterator[None]:
    """A named part of the start, with the time that it took."""
    say(f"{name} ... ", end="")
    started_at = time.monotonic()
    try:
        yield
    except BaseException:
        say("not finished")
        raise
    say(f"{time.monotonic() - started_at:.1f} s")


def failure(what: str, log: Path) -> StartError:
    """The error for a program that failed, with the end of what it printed."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    tail = "\n".join(f"  | {line}" for line in lines[-LOG_TAIL_LINES:])
    return StartError(f"{what} The end of its output:\n\n{tail}\n\nAll of it: {log}")
