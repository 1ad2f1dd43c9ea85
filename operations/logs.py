"""The logs of all functions of a stack as one stream, in the order of their times."""

import heapq
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from operations.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import FilteredLogEventTypeDef

LATE_LINES = timedelta(seconds=10)
"""CloudWatch may show a line this much later than its time says: so far back is looked again."""

EVERY_SECONDS = 3.0
"""Between two looks: one call for each function, well within FilterLogEvents' rate."""

# What Lambda writes around each run where the log's format is Text.
_OF_THE_PLATFORM = re.compile(r"(START|END|REPORT|INIT_START|XRAY) ")
_OF_EVERY_LINE = {
    *("level", "location", "message", "timestamp", "service", "cold_start", "function_name"),
    *("function_memory_size", "function_arn", "function_request_id", "xray_trace_id"),
}


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that a function logged."""

    at: datetime
    function: str
    level: str
    message: str
    details: dict[str, Any]


@dataclass
class Tail:
    """The lines of all functions, each once."""

    stack: Stack
    now: Callable[[], datetime]
    _seen: dict[tuple[str, int, str], int] = field(default_factory=dict)

    def since(self, time: datetime, *, about: str | None = None) -> Iterator[LogLine]:
        """The lines from then on, in order, that name this correlation id or reference, or all."""
        start = int(time.timestamp() * 1000)
        pattern = {"filterPattern": f'"{about}"'} if about else {}
        client = self.stack.session.client("logs")
        groups = self.stack.ids_of("AWS::Logs::LogGroup").values()
        # Each group tells its lines in order, so that none has to be read to its end first.
        yield from heapq.merge(
            *(self._lines(client, group, startTime=start, **pattern) for group in groups),
            key=lambda line: line.at,
        )
        self._forget_before(self.next_start())

    def next_start(self) -> datetime:
        """From when on the next look has to look."""
        return self.now() - LATE_LINES

    def _lines(
        self,
        client: "CloudWatchLogsClient",
        group: str,
        **which: Any,  # noqa: ANN401 - as boto3 takes them
    ) -> Iterator[LogLine]:
        pages = client.get_paginator("filter_log_events").paginate(logGroupName=group, **which)
        for page in pages:
            for event in page["events"]:
                line = log_line(group, event["timestamp"], event["message"])
                if line and self._is_new(event):
                    yield line

    def _is_new(self, event: "FilteredLogEventTypeDef") -> bool:
        key = (event["logStreamName"], event["timestamp"], event["message"])
        known = key in self._seen
        self._seen[key] = event["timestamp"]
        return not known

    def _forget_before(self, time: datetime) -> None:
        start = int(time.timestamp() * 1000)
        self._seen = {key: at for key, at in self._seen.items() if at >= start}


def log_line(group: str, milliseconds: int, text: str) -> LogLine | None:
    """The line in an event; None for metrics, for the API's access log and for Lambda's own."""
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    function = group.rpartition("/")[2]
    try:
        said = json.loads(text)
    except ValueError:
        text = text.strip()
        if not text or _OF_THE_PLATFORM.match(text):
            return None
        return LogLine(at, function, "ERROR" if "rror" in text else "INFO", text, {})
    if not isinstance(said, dict) or "message" not in said or "level" not in said:
        return None
    details = {
        name: value
        for name, value in said.items()
        if name not in _OF_EVERY_LINE and value not in (None, "", [])
    }
    return LogLine(at, function, said["level"], str(said["message"]), details)
