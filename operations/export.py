"""Requests in a file, for a spreadsheet (CSV) or a program (JSON lines).

Times are those of the request's location, with their offset from UTC (RFC 3339).
"""

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TextIO
from zoneinfo import ZoneInfo

from consultations.clinic import Clinic
from consultations.consultation import Consultation
from consultations.repository import RECORD

Format = Literal["csv", "jsonl"]

OWNER_ONLY = 0o600

_OF_NO_USE = {"fingerprint", "email_digest", "phone_digest", "heartbeat"}
_AFTERWARDS = ("alerted_at", "alert_attempts", "alert_error", "released_at")
COLUMNS = (
    *(field.name for field in fields(Consultation) if field.name not in _OF_NO_USE),
    *_AFTERWARDS,
)
"""Of the CSV file, which holds the requests alone."""

_ISO_TIMES = ("received_at", "alerted_at", "released_at", "claimed_until", "postponed_until")
_EPOCH_TIMES = ("keep_until", "expires_at")

# OWASP, "CSV Injection": what makes a spreadsheet take a cell for a formula, in its wide forms too.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def written(
    records: Iterable[dict[str, Any]], file: TextIO, form: Format, clinic: Clinic, *, heading: bool
) -> Iterator[str]:
    """Write the records, and yield the id of each when it is in the file."""
    line = _csv_line(clinic) if form == "csv" else _json_line(clinic)
    if form == "csv" and heading:
        file.write("\ufeff" + _row(COLUMNS))  # the mark by which Excel knows UTF-8
    for record in records:
        if form == "csv" and record["record"] != RECORD:
            continue
        file.write(line(record))
        file.flush()
        yield record["id"]


def private_file(path: Path, *, append: bool) -> TextIO:
    """A file that its owner alone may read, new or to be continued.

    Raises FileExistsError for a new one that is there, FileNotFoundError for one to be continued
    that is not.
    """
    flags = os.O_APPEND if append else os.O_CREAT | os.O_EXCL
    descriptor = os.open(path, os.O_WRONLY | flags, OWNER_ONLY)
    os.fchmod(descriptor, OWNER_ONLY)
    return os.fdopen(descriptor, "a" if append else "w", encoding="utf-8", newline="")


def guarded(text: str) -> str:
    """The text of a cell as a spreadsheet will show and never run it."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def localized(record: Mapping[str, Any], clinic: Clinic) -> dict[str, Any]:
    """A record with its times as the clocks show them at its location."""
    zone = ZoneInfo(clinic.location(record.get("location", "")).time_zone)
    times: dict[str, Any] = {
        name: datetime.fromisoformat(record[name]) for name in _ISO_TIMES if name in record
    }
    times |= {
        name: datetime.fromtimestamp(int(record[name]), UTC)
        for name in _EPOCH_TIMES
        if name in record
    }
    return {**record, **{name: _clock(time, zone) for name, time in times.items()}}


def _clock(time: datetime, zone: ZoneInfo) -> str:
    return time.astimezone(zone).isoformat(timespec="seconds")


def _json_line(clinic: Clinic) -> Callable[[Mapping[str, Any]], str]:
    return lambda record: (
        json.dumps(localized(record, clinic), ensure_ascii=False, default=_number) + "\n"
    )


def _csv_line(clinic: Clinic) -> Callable[[Mapping[str, Any]], str]:
    def line(record: Mapping[str, Any]) -> str:
        shown = localized(record, clinic)
        return _row(guarded(cell(shown.get(name))) for name in COLUMNS)

    return line


def _row(cells: Iterable[str]) -> str:
    row = io.StringIO()
    csv.writer(row, quoting=csv.QUOTE_ALL).writerow(cells)
    return row.getvalue()


def cell(value: Any) -> str:  # noqa: ANN401 - an attribute of any type
    """An attribute as text."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(value)
        case dict():
            return ", ".join(f"{name} {each}" for name, each in value.items())
    return str(value)


def _number(value: Any) -> int | float:  # noqa: ANN401 - what json can't write
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"no attribute is a {type(value).__name__}")
