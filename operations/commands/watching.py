"""Commands that look at a deployment: doctor and tail."""

import json
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.text import Text

from consultations.clinic import load_clinic
from consultations.text import as_line
from operations.checks.round_trip import round_trip
from operations.commands.options import Environment, Json, StackName, read_id, read_time, the_stack
from operations.commands.terminal import counted, err, out, table
from operations.doctor import CHECKS
from operations.findings import Check, Examination, Finding, State, findings
from operations.logs import EVERY_SECONDS, LogLine, Tail
from operations.stack import Stack

_LABELS: dict[State, Text] = {
    "ok": Text("ok", "green"),
    "warning": Text("warning", "yellow"),
    "problem": Text("PROBLEM", "bold red"),
    "unknown": Text("unknown", "cyan"),
}
_LEVELS = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "bold red"}


def doctor(
    *,
    stack: StackName = None,
    env: Environment = "dev",
    send_test: Annotated[
        bool,
        typer.Option(
            "--send-test",
            help="Also send the heartbeat's marked test through; takes up to 15 minutes.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Check a deployment, and say of each finding what to do.

    The exit status is 0 without a problem, 1 with one, 2 if the stack can't be read.
    """
    examined = the_stack(env, stack)
    examination = Examination(stack=examined, clinic=load_clinic(), now=datetime.now(UTC))
    checks: tuple[tuple[str, Check], ...] = CHECKS
    if send_test:
        checks = (*checks, ("test", round_trip))
    found = _run(examination, checks)
    if as_json:
        out.print_json(_document(examined, found))
    else:
        _print_findings(examined, found)
    raise typer.Exit(1 if any(each.state == "problem" for each in found) else 0)


def tail(
    about: Annotated[
        str | None,
        typer.Argument(
            parser=read_id,
            metavar="[ID]",
            help="A correlation id (of an answer, an item or an alert) or a reference; else all.",
        ),
    ] = None,
    *,
    stack: StackName = None,
    env: Environment = "dev",
    since: Annotated[
        datetime | None,
        typer.Option(
            parser=read_time, metavar="TIME", help="From then on: 1h, 2d, or a time. Else: 10m."
        ),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Print what there is and end, instead of following.")
    ] = False,
) -> None:
    """Follow the logs of all functions as one stream, until Ctrl-C.

    Lines hold references and outcomes, nothing of a person. Their times are UTC. Metrics and
    Lambda's own lines are left out.
    """
    followed = Tail(the_stack(env, stack), lambda: datetime.now(UTC))
    start = since or datetime.now(UTC) - timedelta(minutes=10)
    try:
        while True:
            for line in followed.since(start, about=about):
                _print_line(line)
            if once:
                return
            start = max(start, followed.next_start())
            time.sleep(EVERY_SECONDS)
    except KeyboardInterrupt:
        return


def _run(examination: Examination, checks: Iterable[tuple[str, Check]]) -> list[Finding]:
    found: list[Finding] = []
    with err.status("Looking") as status:
        for topic, those in findings(examination, checks):
            status.update(f"Looked at {topic}")
            found += those
    return found


def _document(stack: Stack, found: list[Finding]) -> str:
    return json.dumps(
        {
            "stack": stack.name,
            "region": stack.region,
            "counts": {state: sum(each.state == state for each in found) for state in _LABELS},
            "findings": [asdict(each) for each in found],
        },
        ensure_ascii=False,
    )


def _print_findings(stack: Stack, found: list[Finding]) -> None:
    rows = table("", "", "")
    rows.show_header = False
    topic = ""
    for each in found:
        text = Text(each.seen)
        if each.to_do:
            text.append(f"\n→ {each.to_do}", "bold" if each.state == "problem" else "")
        heading = "" if each.topic == topic else each.topic
        rows.add_row(_LABELS[each.state], Text(heading, "dim"), text)
        topic = each.topic
    out.print(f"{stack.name} in {stack.region}\n")
    out.print(rows)
    counts = Counter(each.state for each in found)
    out.print(
        f"\n{counted(counts['problem'], 'problem')}, {counted(counts['warning'], 'warning')},"
        f" {counts['unknown']} not looked at, {counts['ok']} in order."
    )


def _print_line(line: LogLine) -> None:
    details = " ".join(f"{name}={_shown(value)}" for name, value in line.details.items())
    out.print(
        Text.assemble(
            (f"{line.at:%H:%M:%S} ", "dim"),
            (f"{line.function}  ", "cyan"),
            (as_line(line.message), _LEVELS.get(line.level, "bold")),
            f"  {details}",
        ),
        soft_wrap=True,
    )


def _shown(value: object) -> str:
    return as_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
