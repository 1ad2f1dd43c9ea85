"""Commands that look at requests: list, show and export."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from consultations.clinic import load_clinic
from consultations.repository import RECORD
from consultations.text import as_lines
from operations import person
from operations.commands.options import (
    After,
    Environment,
    Json,
    Limit,
    Reference,
    ReferencesIfAny,
    Since,
    StackName,
    Yes,
    read_reference,
    the_stack,
)
from operations.commands.terminal import (
    agrees,
    ask,
    confirm,
    counted,
    end,
    err,
    facts,
    out,
    progress,
    requests_table,
)
from operations.deployment import Deployment, FoundBy
from operations.export import COLUMNS, Format, cell, localized, private_file, written
from operations.listing import Kind, Line, page

AUDITED_TOGETHER = 500
"""Requests of an export that one audit record names."""


def list_requests(
    kind: Annotated[
        Kind,
        typer.Argument(
            help="pending: not alerted yet. folded: in the next digest. held: as spam, unnamed yet."
        ),
    ] = "pending",
    *,
    stack: StackName = None,
    env: Environment = "dev",
    since: Since = None,
    limit: Limit = 50,
    after: After = None,
    as_json: Json = False,
) -> None:
    """List requests by reference, a page at a time, with nothing of the person.

    Waiting ones come oldest first. `all` reads the whole table, a page at a time, in no order.
    """
    deployment = Deployment.of_stack(the_stack(env, stack))
    try:
        found = page(
            deployment.consultations, kind, load_clinic(), limit=limit, since=since, after=after
        )
    except ValueError as mistake:
        raise end(f"--after: {mistake}.", status=2) from None
    if as_json:
        requests = [
            asdict(line) | {"received_at": line.received_at.isoformat()} for line in found.lines
        ]
        out.print_json(json.dumps({"requests": requests, "after": found.after}))
        return
    out.print(requests_table(found.lines) if found.lines else f"No requests: {kind}.")
    if found.after:
        out.print(f"\nMore: the same with --after {found.after}", soft_wrap=True)


def show(
    reference: Reference,
    *,
    stack: StackName = None,
    env: Environment = "dev",
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show all of it without asking.")
    ] = False,
) -> None:
    """Show one request: how it and its mails fared, then, if asked for, what the person wrote.

    That somebody looked is kept in an audit record. The exit status is 1 if there is none.
    """
    deployment, clinic = Deployment.of_stack(the_stack(env, stack)), load_clinic()
    summary = deployment.consultations.summary(reference)
    if summary is None:
        raise end(f"There is no request {reference}.", status=1)
    out.print(facts(_facts(localized(summary, clinic))))
    typed: dict[str, Any] = {}
    for record in deployment.consultations.records(reference):
        if record["record"] == RECORD:
            typed = {name: record[name] for name in COLUMNS if name in record.keys() - summary}
        else:
            out.print()
            out.print(facts(_facts(record)))
    if not reveal and not agrees("Show what the person wrote? This is recorded."):
        return
    deployment.note("show", "id", [reference], now=datetime.now(UTC))
    out.print()
    out.print(facts(_facts(typed)))


def export(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A new file: .csv for a spreadsheet, or .jsonl.")
    ],
    references: ReferencesIfAny = None,
    *,
    stack: StackName = None,
    env: Environment = "dev",
    of_person: Annotated[
        bool,
        typer.Option("--person", help="Of one person: asks for a reference, address or number."),
    ] = False,
    since: Since = None,
    after: Annotated[
        str | None,
        typer.Option(
            parser=read_reference,
            metavar="REFERENCE",
            help="Go on in a file behind the request that an interrupted export ended with.",
        ),
    ] = None,
    yes: Yes = False,
) -> None:
    """Write requests into a file that only you can read: all, some, or those of one person.

    Times are those of each request's location. In a CSV file a cell that a spreadsheet would take
    for a formula begins with ' (a phone number with + too). A .jsonl file of some requests or of
    one person holds what became of their mails as well. What was exported is kept in audit records.
    An export that was interrupted says how to go on.
    """
    form = _format(file)
    selected = bool(references) or of_person
    if selected and (since or after or (references and of_person)):
        raise end("Give references, --person, or --since and --after: one of them.", status=2)
    exported = the_stack(env, stack)
    deployment = Deployment.of_stack(exported)
    now = datetime.now(UTC)
    if selected:
        found_by, ids = whose(deployment, references)
        question = f"Export {counted(len(ids), 'request')}, with all that was written, to {file}?"
        records, total = person.export(deployment, found_by, ids, now=now), len(ids)
    else:
        question = (
            f"Export all requests{_since(since)}, with all that was written, to {file}?"
            f" The table has about {counted(exported.approximate_items(), 'item')}."
        )
        records, total = _everything(deployment, since, after, now=now), None
    confirm(question, yes=yes)
    _write(file, form, records, total, append=after is not None)


def whose(deployment: Deployment, references: list[str] | None) -> tuple[FoundBy, list[str]]:
    """The requests of these references, or else of who is named at the prompt, and found by what.

    Says which they are. Ends with status 1 if there are none.
    """
    found_by: FoundBy = "id"
    if not references:
        who = ask("Reference, email address or phone number")
        try:
            found_by, references = deployment.find(who)
        except ValueError as mistake:
            raise end(f"This is {mistake}.", status=2) from None
    clinic, lines, there = load_clinic(), [], []
    for each in references:
        summary = deployment.consultations.summary(each)
        if summary:
            lines.append(Line.of(summary, clinic))
        elif deployment.consultations.records(each):
            err.print(f"{each}  has expired; what became of its mails is still there")
        else:
            err.print(f"{each}  is not there")
            continue
        there.append(each)
    if not there:
        raise end("There is no such request.", status=1)
    if lines:
        out.print(requests_table(lines))
    return found_by, there


def _facts(record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What is not empty, by its name in the table."""
    for name, value in record.items():
        if text := as_lines(cell(value)):
            yield name, text


def _format(file: Path) -> Format:
    form = file.suffix.removeprefix(".")
    if form not in ("csv", "jsonl"):
        raise end(f"{file} ends in neither .csv nor .jsonl.", status=2)
    return cast("Format", form)


def _since(since: datetime | None) -> str:
    return f" received since {since:%Y-%m-%d %H:%M %Z}" if since else ""


def _everything(
    deployment: Deployment, since: datetime | None, after: str | None, *, now: datetime
) -> Iterator[dict[str, Any]]:
    """All requests but the deployment's own tests, each batch noted before it is handed on."""
    stored = deployment.consultations.everything(since=since, after=after)
    people = (record for record in stored if not record.get("heartbeat"))
    while batch := list(islice(people, AUDITED_TOGETHER)):
        deployment.note("export", "all", [record["id"] for record in batch], now=now)
        yield from batch


def _write(
    path: Path, form: Format, records: Iterator[dict[str, Any]], total: int | None, *, append: bool
) -> None:
    try:
        file = private_file(path, append=append)
    except FileExistsError:
        raise end(f"{path} is there already. Name a new file.", status=2) from None
    except FileNotFoundError:
        raise end(f"{path} is not there, so it can't be continued.", status=2) from None
    last, count = "", 0
    with file, progress("Exporting", total) as tell:
        try:
            for id_ in written(records, file, form, load_clinic(), heading=not append):
                last, count = id_, count + 1
                tell(count)
        except BaseException:
            if last and total is None:
                err.print(f"Interrupted. To go on: the same with --after {last}", soft_wrap=True)
            raise
    out.print(f"{counted(count, 'record')} in {path}", soft_wrap=True)
