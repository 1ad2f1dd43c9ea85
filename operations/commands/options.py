"""The arguments and options that several commands have, and how they are read."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import typer

from consultations.clinic import load_clinic
from consultations.consultation import is_consultation_id
from operations.samconfig import Env, SamconfigError, Target
from operations.stack import Stack, StackError

_SPAN = re.compile(r"([0-9]{1,5})(m|h|d)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
# Crockford's base32 leaves these letters out, since they are read as these digits.
_MISREAD = str.maketrans("OIL", "011")


def read_reference(typed: str) -> str:
    """A reference as it is stored, however it was read out and typed."""
    plain = typed.strip().upper().replace("-", "").translate(_MISREAD)
    grouped = "-".join(plain[start : start + 4] for start in range(0, len(plain), 4))
    if not is_consultation_id(grouped):
        raise typer.BadParameter(f"{typed} is not a reference like 7K2Q-XM4D-9TPA")
    return grouped


def read_id(typed: str) -> str:
    """A correlation id, or a reference: no address or number gets into a log query or a history."""
    try:
        return str(UUID(typed.strip()))
    except ValueError:
        pass
    try:
        return read_reference(typed)
    except typer.BadParameter:
        raise typer.BadParameter(
            f"{typed} is neither a correlation id nor a reference like 7K2Q-XM4D-9TPA"
        ) from None


def read_time(typed: str) -> datetime:
    """A time: so long ago (90m, 36h, 7d), or a date and time, the clinic's without an offset."""
    if span := _SPAN.fullmatch(typed):
        return datetime.now(UTC) - timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        time = datetime.fromisoformat(typed)
    except ValueError:
        raise typer.BadParameter(f"{typed} is not like 7d, 36h or 2026-11-01T08:00") from None
    return time if time.tzinfo else time.replace(tzinfo=ZoneInfo(load_clinic().time_zone))


StackName = Annotated[
    str | None,
    typer.Option(
        "--stack", metavar="NAME", help="The stack, if not the one samconfig.toml has for --env."
    ),
]
Environment = Annotated[
    Env, typer.Option("--env", help="Whose stack, region and profile of samconfig.toml.")
]
Reference = Annotated[
    str, typer.Argument(parser=read_reference, metavar="REFERENCE", help="Like 7K2Q-XM4D-9TPA.")
]
References = Annotated[
    list[str], typer.Argument(parser=read_reference, metavar="REFERENCE", help="One or more.")
]
ReferencesIfAny = Annotated[
    list[str] | None,
    typer.Argument(parser=read_reference, metavar="REFERENCE", help="None, one or more."),
]
Since = Annotated[
    datetime | None,
    typer.Option(
        parser=read_time,
        metavar="TIME",
        help="Received since then: 7d, 36h, 90m, or 2026-11-01T08:00 (the clinic's time).",
    ),
]
After = Annotated[
    str | None, typer.Option(metavar="TOKEN", help="Go on behind what an earlier run ended with.")
]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")]
Json = Annotated[bool, typer.Option("--json", help="For programs: one JSON document.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def the_stack(env: Env, name: str | None) -> Stack:
    """The stack that these options name. Ends with status 2 if it can't be read."""
    from operations.commands.terminal import end

    try:
        return Stack.read(Target.of(env, stack=name))
    except (SamconfigError, StackError) as error:
        raise end(str(error), status=2) from None
