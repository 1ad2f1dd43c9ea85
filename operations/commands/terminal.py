"""What the commands say, and how they ask: results to stdout, all else to stderr."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.prompt import Confirm, Prompt
from rich.table import Table
from rich.text import Text

from operations.listing import Line

# What is printed comes from tables and logs: none of it is markup.
out = Console(markup=False, emoji=False, highlight=False)
err = Console(markup=False, emoji=False, highlight=False, stderr=True)

NOTHING_CHANGED = "Nothing was changed."


def table(*columns: str) -> Table:
    """A table with these headings and no lines around it."""
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in columns:
        made.add_column(name, overflow="fold")
    return made


def requests_table(lines: Iterable[Line]) -> Table:
    """Requests, a line each; reference and time are never broken, however narrow the terminal."""
    rows = table("Reference", "Received", "Location", "Status", "Alert")
    for column in rows.columns[:2]:
        column.no_wrap = True
    for line in lines:
        received = f"{line.received_at:%Y-%m-%d %H:%M %Z}"
        rows.add_row(line.reference, received, line.location, line.status, line.alert)
    return rows


def facts(rows: Iterable[tuple[str, str]]) -> Table:
    """What is what, a line each."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in rows:
        grid.add_row(Text(name), Text(value))
    return grid


def counted(number: int, thing: str) -> str:
    """1 request, 2 requests, 1,000 requests."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def agrees(question: str) -> bool:
    """Whether the person at the terminal says yes; nobody there is no."""
    try:
        return Confirm.ask(question, console=err, default=False)
    except EOFError:
        err.print()
        return False


def confirm(question: str, *, yes: bool) -> None:
    """Go on if the person at the terminal agrees, or has by --yes; else end with status 1."""
    if not (yes or agrees(question)):
        raise end(NOTHING_CHANGED, status=1)


def ask(question: str) -> str:
    """What the person at the terminal or stdin answers; without an answer the end, status 1."""
    try:
        return Prompt.ask(question, console=err)
    except EOFError:
        raise end(NOTHING_CHANGED, status=1) from None


def end(message: str, *, status: int) -> typer.Exit:
    """The end of a command that could not do all of what was asked, and why."""
    err.print(message, style="red" if status else "")
    return typer.Exit(status)


@contextmanager
def progress(doing: str, total: int | None) -> Iterator[Any]:
    """A line on stderr that tells how far it is, if that is a terminal; call it with the count."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as shown:
        task = shown.add_task(doing, total=total)
        yield lambda done: shown.update(task, completed=done)
