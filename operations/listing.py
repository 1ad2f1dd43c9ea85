"""Requests in lists: references, times and outcomes, a page at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from consultations.clinic import Clinic
from consultations.consultation import is_consultation_id
from consultations.repository import ConsultationRepository, IndexEntry, timestamp

Kind = Literal["pending", "folded", "held", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One request in a list. Nothing of the person is in it."""

    reference: str
    received_at: datetime
    location: str
    status: str
    alert: str
    """How its alert fares, in a few words."""

    @classmethod
    def of(cls, summary: Mapping[str, Any], clinic: Clinic) -> Self:
        """The line of a summary, its time where its location is."""
        return cls(
            reference=summary["id"],
            received_at=local_time(summary["received_at"], summary["location"], clinic),
            location=clinic.location(summary["location"]).name,
            status="test" if summary.get("heartbeat") else summary["status"],
            alert=alert_state(summary),
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Some requests, and from where to read on; None behind the last one."""

    lines: list[Line]
    after: str | None


def page(
    consultations: ConsultationRepository,
    kind: Kind,
    clinic: Clinic,
    *,
    limit: int,
    since: datetime | None = None,
    after: str | None = None,
) -> Page:
    """At most `limit` requests of a kind. Raises ValueError for an `after` that no page printed.

    What waits comes oldest first, read from its index; all come as the table has them.
    """
    found = (
        _of_all(consultations, since=since, after=after)
        if kind == "all"
        else _waiting(consultations, kind, since=since, after=after)
    )
    read = list(islice(found, limit + 1))
    more = len(read) > limit
    return Page(
        [Line.of(summary, clinic) for _, summary in read[:limit]],
        read[limit - 1][0] if more else None,
    )


def local_time(time: str, location: str, clinic: Clinic) -> datetime:
    """A stored time as the clocks show it at the request's location."""
    zone = ZoneInfo(clinic.location(location).time_zone)
    return datetime.fromisoformat(time).astimezone(zone)


def alert_state(summary: Mapping[str, Any]) -> str:
    """How the alert of a request fares: sent, pending and why, or not wanted."""
    if "alerted_at" in summary:
        return "sent"
    if "pending" not in summary:
        return "none: held back"
    if summary["pending"] == "digest":
        return f"next digest ({summary['alert_folded']})"
    if "alert_error" not in summary:
        return "pending"
    tries = int(summary["alert_attempts"])
    return f"pending: {summary['alert_error']}, {tries} {'try' if tries == 1 else 'tries'}"


def _of_all(
    consultations: ConsultationRepository, *, since: datetime | None, after: str | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    if after is not None and not is_consultation_id(after):
        raise ValueError(f"{after} is not what a list of all requests ended with")
    for summary in consultations.summaries(since=since, after=after):
        yield summary["id"], summary


def _waiting(
    consultations: ConsultationRepository,
    kind: Literal["pending", "folded", "held"],
    *,
    since: datetime | None,
    after: str | None,
) -> Iterator[tuple[str, dict[str, Any]]]:
    for entry in consultations.waiting(kind, after=_entry(after) if after else None):
        summary = consultations.summary(entry.id)
        if summary and (since is None or entry.received_at >= since):
            yield f"{timestamp(entry.received_at)}/{entry.id}", summary


def _entry(after: str) -> IndexEntry:
    """The entry that a page ended with. Raises ValueError if this is none."""
    time, _, reference = after.partition("/")
    try:
        received_at = datetime.fromisoformat(time)
    except ValueError:
        received_at = None
    if received_at is None or received_at.tzinfo is None or not is_consultation_id(reference):
        raise ValueError(f"{after} is not what a list of waiting requests ended with")
    return IndexEntry(reference, received_at)
