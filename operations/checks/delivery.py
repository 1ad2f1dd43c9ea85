"""Whether what is stored is alerted: the stream, the schedules, and what waits."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from operations.findings import Examination, Finding, ok, problem, warning

TOOL = "./consultations"

LATE = timedelta(minutes=10)
"""As OldestPendingAlertAlarm has it."""

COUNTED_AT_MOST = 1000
"""Pending alerts are counted up to this many: enough to know that something is wrong."""

HEARTBEAT_EVERY = timedelta(hours=26)
"""As HeartbeatAlarm has it: a day, and some patience."""

TRY_NOW = f"See docs/runbooks/heartbeat.md, or try it now: {TOOL} doctor --send-test"

HEARTBEAT_LOOKED_FOR = timedelta(days=7)


def stream(examination: Examination) -> Iterator[Finding]:
    """Whether the table's stream calls the function that alerts, and how its last batch went."""
    session = examination.stack.session
    table = session.client("dynamodb").describe_table(
        TableName=examination.stack.outputs["TableName"]
    )["Table"]
    function = f":function:{examination.stack.physical_id('AlertStaffFunction')}:"
    # By the stream, not by the function: that would leave out mappings to one of its aliases.
    mappings = [
        mapping
        for mapping in session.client("lambda").list_event_source_mappings(
            EventSourceArn=table["LatestStreamArn"]
        )["EventSourceMappings"]
        if function in f"{mapping['FunctionArn']}:"
    ]
    if not mappings:
        yield problem(
            "the stream does not call AlertStaff, so that alerts are minutes late", "Deploy again."
        )
    for mapping in mappings:
        state, result = mapping.get("State"), mapping.get("LastProcessingResult", "none yet")
        seen = f"the stream's mapping is {state}; last result: {result}"
        if state == "Disabled":
            yield problem(seen, "Enable it in the Lambda console: AlertStaff, Triggers.")
        elif result.startswith("PROBLEM"):
            yield problem(seen, "The logs of AlertStaff say why. See docs/runbooks/stream-lag.md")
        elif state == "Enabled":
            yield ok(seen)
        else:
            yield warning(seen, "It is being changed. Run doctor again in a minute.")


def schedules(examination: Examination) -> Iterator[Finding]:
    """Whether what should run by itself does."""
    client = examination.stack.session.client("scheduler")
    found = examination.stack.ids_of("AWS::Scheduler::Schedule")
    enabled = 0
    for logical_id, name in found.items():
        schedule = client.get_schedule(Name=name.rpartition("/")[2])
        if schedule["State"] == "ENABLED":
            enabled += 1
        else:
            yield problem(
                f"the schedule {logical_id} is disabled",
                "Enable it in the console: EventBridge, Schedules.",
            )
    if not found:
        yield problem("the stack has no schedules", "Deploy again.")
    elif enabled:
        yield ok(f"{enabled} of {len(found)} schedules are enabled")


def pending_alerts(examination: Examination) -> Iterator[Finding]:
    """How long the oldest alert waits."""
    consultations = examination.consultations
    pending = list(islice(consultations.pending_alerts(), COUNTED_AT_MOST))
    folded = list(islice(consultations.folded_alerts(), COUNTED_AT_MOST))
    waiting = sorted([*pending, *folded], key=lambda entry: entry.received_at)
    if not waiting:
        yield ok("no alert is pending")
        return
    age = examination.now - waiting[0].received_at
    more = " or more" if COUNTED_AT_MOST in (len(pending), len(folded)) else ""
    seen = (
        f"{len(waiting):,}{more} pending, {len(folded):,} of them for the next digest;"
        f" {waiting[0].id} has waited for {duration(age)}"
    )
    if age > LATE:
        yield problem(
            seen,
            f"See docs/runbooks/oldest-pending-alert.md; when its cause is gone: {TOOL} redrive",
        )
    else:
        yield ok(seen)


def dead_letters(examination: Examination) -> Iterator[Finding]:
    """Whether the queue of what could not be delivered is empty."""
    attributes = examination.stack.session.client("sqs").get_queue_attributes(
        QueueUrl=examination.stack.outputs["UndeliveredRecordsUrl"],
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    letters = sum(map(int, attributes.values()))
    if letters:
        yield problem(
            f"{letters:,} dead letter{'' if letters == 1 else 's'}",
            f"{TOOL} redrive lists them and tries them again; see"
            " docs/runbooks/undelivered-records.md",
        )
    else:
        yield ok("none")


def heartbeat(examination: Examination) -> Iterator[Finding]:
    """When the last test submission went the whole way."""
    if not examination.stack.parameters.get("HeartbeatAddress"):
        yield warning(
            "no heartbeat: HeartbeatAddress is empty",
            "Deploy with a test mailbox as HeartbeatAddress: a test a day goes the whole way.",
        )
        return
    last = last_heartbeat(examination, since=examination.now - HEARTBEAT_LOOKED_FOR)
    if last is None:
        new = examination.now - examination.stack.created_at < HEARTBEAT_EVERY
        seen = f"none in the last {HEARTBEAT_LOOKED_FOR.days} days"
        yield warning(f"{seen}; the stack is new", TRY_NOW) if new else problem(seen, TRY_NOW)
        return
    age = examination.now - last[0]
    seen = f"{last[1]} came through {duration(age)} ago"
    if age > HEARTBEAT_EVERY:
        yield problem(
            seen,
            TRY_NOW,
        )
    else:
        yield ok(seen)


def last_heartbeat(examination: Examination, *, since: datetime) -> tuple[datetime, str] | None:
    """When the last one since then came through, and its reference."""
    pages = (
        examination.stack.session.client("logs")
        .get_paginator("filter_log_events")
        .paginate(
            logGroupName=examination.stack.physical_id("SendHeartbeatLogs") or "",
            filterPattern='"heartbeat completed"',
            startTime=int(since.timestamp() * 1000),
        )
    )
    events = [event for page in pages for event in page["events"]]
    if not events:
        return None
    last = max(events, key=lambda event: event["timestamp"])
    reference = json.loads(last["message"])["consultation_id"]
    return datetime.fromtimestamp(last["timestamp"] / 1000, UTC), reference


def duration(time: timedelta) -> str:
    """A time as a person says it, in one unit: 40 s, 7 min, 5 h, 3 days."""
    seconds = max(time.total_seconds(), 0)
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} s"
