"""The one check that does something: a marked test submission goes the whole way."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from botocore.config import Config

from operations.checks.delivery import duration, last_heartbeat
from operations.findings import Examination, Finding, ok, problem, warning

FUNCTION_SECONDS = 840
"""SendHeartbeat's timeout: it waits for two runs of the schedule before it gives up."""

EVENTS_AWAITED = timedelta(seconds=60)
"""SES tells within seconds that a mailbox took a mail or is suppressed; a slow one takes hours."""

CLOCKS_DIFFER = timedelta(minutes=1)
"""At most so much, this machine's and AWS's."""

_POLL_SECONDS = 2
_TOLD = ("mail delivered", "mail not delivered")


def round_trip(examination: Examination) -> Iterator[Finding]:
    """Post a test as the heartbeat does, wait for its alert and for what SES tells of it.

    It is marked by an HMAC with the stack's salt, so nobody outside can send one; its alert goes to
    HeartbeatAddress, and it is deleted.
    """
    function = examination.stack.function("SendHeartbeatFunction")
    if not function:
        yield problem(
            "no test can be sent: HeartbeatAddress is empty",
            "Deploy with a test mailbox as HeartbeatAddress.",
        )
        return
    started = datetime.now(UTC)
    patient = Config(read_timeout=FUNCTION_SECONDS + 30, retries={"total_max_attempts": 1})
    outcome = examination.stack.session.client("lambda", config=patient).invoke(
        FunctionName=function, Payload=b"{}"
    )
    if outcome.get("FunctionError"):
        said = json.loads(outcome["Payload"].read() or b"{}").get("errorMessage", "")
        yield problem(f"the test did not come through: {said}", "See docs/runbooks/heartbeat.md")
        return
    took = duration(datetime.now(UTC) - started)
    yield ok(f"stored, alerted and removed within {took}")
    yield from _mail_events(examination, started)


def _mail_events(examination: Examination, started: datetime) -> Iterator[Finding]:
    deadline = time.monotonic() + EVENTS_AWAITED.total_seconds()
    while time.monotonic() < deadline:
        told = _mail_event(examination, started - CLOCKS_DIFFER)
        if told and told["message"] == "mail delivered":
            yield ok(
                f"the test mailbox took the alert, within {duration(datetime.now(UTC) - started)}"
            )
            return
        if told:
            yield problem(
                f"the alert of the test did not arrive: {told['kind']} {told['reason']}",
                "Repair the test mailbox, and take it off SES's suppression list.",
            )
            return
        time.sleep(_POLL_SECONDS)
    yield warning(
        f"SES took the alert of the test, and did not say within {duration(EVENTS_AWAITED)} whether"
        " it arrived",
        "Look into the test mailbox: it may be slow. If the mail is there, look at the event"
        " destination above.",
    )


def _mail_event(examination: Examination, since: datetime) -> dict[str, str] | None:
    """What SES said became of the test's alert, as RecordMailEvent logged it; None so far."""
    sent = last_heartbeat(examination, since=since)
    if sent is None:
        return None  # its log line is not there yet
    _, reference = sent
    pages = (
        examination.stack.session.client("logs")
        .get_paginator("filter_log_events")
        .paginate(
            logGroupName=examination.stack.physical_id("RecordMailEventLogs") or "",
            filterPattern=f'"{reference}"',
            startTime=int(since.timestamp() * 1000),
        )
    )
    lines = (json.loads(event["message"]) for page in pages for event in page["events"])
    return next((line for line in lines if line["message"] in _TOLD), None)
