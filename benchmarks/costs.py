"""What a month costs, by service: python -m benchmarks.costs, or `make benchmark NAME=costs`.

Calls, units, sizes and log lines are counted as the functions run against moto; the alarms, the
rules and the memory are read from template.yaml. What can't be measured here is ASSUMED, not too
low. Prices are the public ones of us-east-1, without free tiers, each with where it was read.
"""

import io
import logging
import math
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, field
from statistics import mean
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import time_machine
from botocore.client import BaseClient

from benchmarks.results import ROOT, Table
from consultations.clinic import load_clinic
from tests.builders import NOW, a_context, a_get_event, a_post, event, fields, stream_event
from tests.conftest import aws_account
from tests.template import resource, template

PAGE = ROOT / "docs" / "costs.md"
VOLUMES = (100, 10_000, 1_000_000)
"""Submissions in a month."""

HOURS = 730
RUNS_OF_THE_SCHEDULE = HOURS * 12
KIB, GB = 1024, 1024**3


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a unit, in us-east-1."""

    dollars: float
    unit: str
    source: str


PRICES = {
    "api": Price(3.50 / 1e6, "REST request", "AWS whitepaper on private APIs, its page on cost"),
    "out": Price(0.09, "GB to the internet", "gist of allenheltondev, AWS costs"),
    "request": Price(0.20 / 1e6, "Lambda request", "gist of allenheltondev, AWS costs"),
    "compute": Price(0.0000133334, "GB-second, arm64", "artillery 2.0.28, its prices of Lambda"),
    "write": Price(0.625 / 1e6, "write request unit", "airbyte.com, DynamoDB pricing, 2025-07"),
    "read": Price(0.125 / 1e6, "read request unit", "airbyte.com, DynamoDB pricing, 2025-07"),
    "storage": Price(0.25, "GB-month of a table", "aws.amazon.com/dynamodb/pricing"),
    "recovery": Price(
        0.20, "GB-month of point-in-time recovery", "gist of allenheltondev, AWS costs"
    ),
    "mail": Price(0.10 / 1e3, "recipient of a mail", "acecloudinterviews.com, SES"),
    "metric": Price(0.30, "custom metric, by the hour", "signoz.io, CloudWatch, 2026-02"),
    "alarm": Price(
        0.10, "alarm on one metric", "api-evangelist/cloudwatch, 2026-05, itself unchecked"
    ),
    "dashboard": Price(3.00, "dashboard", "factualminds.com, CloudWatch, 2026-06"),
    "ingested": Price(0.50, "GB of logs", "factualminds.com, CloudWatch, 2026-06"),
    "kept": Price(0.03, "GB-month of logs", "api-evangelist/cloudwatch, 2026-05, itself unchecked"),
    "trace": Price(5.00 / 1e6, "trace", "aws.amazon.com/xray/pricing"),
    "key": Price(1.00, "KMS key", "cloudburn.io, KMS, 2026-03"),
    "key use": Price(0.03 / 1e4, "KMS request", "wring.co, KMS"),
    "schedule": Price(1.00 / 1e6, "run of a schedule", "not confirmed"),
    "web acl": Price(5.00, "web ACL", "awsnegotiations.com, WAF, 2026"),
    "waf rule": Price(1.00, "rule", "awsnegotiations.com, WAF, 2026"),
    "waf": Price(0.60 / 1e6, "request inspected", "awsnegotiations.com, WAF, 2026"),
    "snapshot": Price(0.0000015046, "GB-second of a snapshot", "awsnegotiations.com, 2026-05"),
    "restore": Price(0.0001397998, "GB of a snapshot restored", "awsnegotiations.com, 2026-05"),
}
READ_ON = "2026-11-24"

MESSAGE = "I would like to know whether this could be something for me. " * 5
DAYS = 30
DAILY_RUNS = 2 * DAYS
"""Of the summary of held requests, and of the heartbeat."""
ROLES_AT_THE_TABLE = 3
"""DynamoDB asks KMS for each caller's key to the table once in five minutes at most."""
INDEX_ENTRIES_BYTES = 100 + 2 * 250
"""What DynamoDB adds to an item, and two entries in indexes with what it adds to those."""
ACCESS_LOG_BYTES = 400
"""The format in template.yaml with its values."""
ALARMS = sum(
    each["Type"] == "AWS::CloudWatch::Alarm" and each.get("Condition") != "NoticesSilence"
    for each in template()["Resources"].values()
)

TEXT = """# What it costs

Made by `make benchmark NAME=costs`; a test holds it to the code. US dollars a month in us-east-1,
by submissions in that month, two years after the start, when {item} bytes are kept of each of the
submissions of 24 months. Free tiers are not taken off; with them a quiet clinic pays for little
more than the key. It is an estimate; the bill is what counts.

{costs}

At a million a month the budgets of alerts would fold most alerts into digests; here each is sent
alone, which is the most it can cost. SQS, SNS, EventBridge's rule, CodeDeploy and the bucket of
`sam deploy` are below a cent or free. SnapStart bills each version that exists, and versions stay
until they are deleted.

## What was counted

The functions, run against moto by the script; {alarms} alarms, as in production with a heartbeat.

{measured}

## What was assumed

{assumed}
- a visitor's request is cold once in five minutes at most, an alert too
- X-Ray's default sampling: one a second, and 5% of the rest

## Prices

Read on {date}. AWS's own pages fill in most prices with a script, so some were read elsewhere,
and those marked "not confirmed" nowhere: compare them with aws.amazon.com/pricing before you rely
on them.

{prices}
"""

ASSUMED = {
    "visits of the form for each submission": 5,
    "requests of a visit": 2,  # benchmarks/results/form.md
    "KB that a visit takes to the visitor": 10,  # benchmarks/results/form.md
    "ms of a form's request": 100,
    "ms of an alert": 500,
    "ms of a run of the schedule without work": 200,
    "ms of a cold start": 1_000,
    "bytes that Lambda logs of each run itself": 400,
    "share of submissions that are refused once before": 0.1,
    "reasons for refusals in a month": 5,
}


@dataclass(slots=True)
class Counted:
    """What some work called, used and logged."""

    calls: Counter[str] = field(default_factory=Counter)
    write_units: int = 0
    read_units: float = 0.0
    log_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One of each thing that the functions do, and one alerted item with its index entries."""

    visit: Counted
    submission: Counted
    alert: Counted
    idle_retry: Counted
    item_bytes: int


@contextmanager
def counting() -> Iterator[Counted]:
    """Count what is called and logged inside."""
    counted = Counted()
    call: Any = vars(BaseClient)["_make_api_call"]  # the one door of every client

    def items(client: BaseClient) -> dict[tuple[str, str], dict[str, Any]]:
        found = call(client, "Scan", {"TableName": "consultations"})["Items"]
        return {(item["id"]["S"], item["record"]["S"]): item for item in found}

    def counted_call(client: BaseClient, operation: str, parameters: dict[str, Any]) -> object:
        counted.calls[operation] += 1
        if operation in ("Query", "GetItem"):
            counted.read_units += 1 if parameters.get("ConsistentRead") else 0.5
            return call(client, operation, parameters)
        if operation not in ("PutItem", "UpdateItem", "DeleteItem"):
            return call(client, operation, parameters)
        before = items(client)
        answer = call(client, operation, parameters)
        counted.write_units += units_of_change(before, items(client))
        return answer

    lines = io.StringIO()
    with ExitStack() as undone:
        for handler in logging.getLogger("consultations").handlers:
            undone.enter_context(patch.object(handler, "stream", lines))
        undone.enter_context(redirect_stdout(lines))
        undone.enter_context(patch.object(BaseClient, "_make_api_call", counted_call))
        yield counted
    text = lines.getvalue()
    # CloudWatch counts 26 bytes for each line beside its own.
    counted.log_bytes = len(text.encode()) + 26 * text.count("\n")


def units_of_change(before: dict[Any, Any], after: dict[Any, Any]) -> int:
    """Write request units of what changed: 1 for each KiB of an item, 1 for an index's entry.

    docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
    """
    units = 0
    for key in before.keys() | after.keys():
        old, new = before.get(key, {}), after.get(key, {})
        if old == new:
            continue
        units += math.ceil(max(item_bytes(old), item_bytes(new)) / KIB)
        for index in resource("ConsultationsTable")["GlobalSecondaryIndexes"]:
            names = [each["AttributeName"] for each in index["KeySchema"]]
            entries = [entry(item, names) for item in (old, new)]
            if entries[0] != entries[1]:
                units += sum(each is not None for each in entries)
    return units


def entry(item: dict[str, Any], names: list[str]) -> tuple[str, ...] | None:
    """The key of an item in an index; None if it is not in it."""
    values = tuple(str(item[name]) for name in names if name in item)
    return values if len(values) == len(names) else None


def item_bytes(item: dict[str, Any]) -> int:
    """An item's size as DynamoDB counts it: its names and its values."""
    return sum(len(name.encode()) + value_bytes(value) for name, value in item.items())


def value_bytes(value: dict[str, Any]) -> int:
    """The size of one attribute value, numbers rounded up."""
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return math.ceil(len(content) / 2) + 1
    if kind == "L":
        return 3 + sum(1 + value_bytes(each) for each in content)
    if kind == "M":
        return 3 + sum(1 + len(name) + value_bytes(each) for name, each in content.items())
    return 1


def measure() -> Measured:
    """Run each function once, warm, at a fixed time, with a request of the usual size."""
    from functions.alert_staff import handler as alert_staff
    from functions.retry_alerts import handler as retry_alerts
    from functions.submit_consultation import handler as submit

    def visit() -> None:
        submit.lambda_handler(a_get_event("/"), a_context())

    def submission() -> None:
        form = fields(email="ana@example.com", message=MESSAGE, submission_id=str(uuid4()))
        answer = submit.lambda_handler(a_post(form), a_context())
        if "Location" not in answer["headers"]:
            raise RuntimeError(answer["body"])

    def alert() -> None:
        alert_staff.lambda_handler(stream_event(*waiting), a_context())

    def idle_retry() -> None:
        retry_alerts.lambda_handler(event("schedule.json"), a_context())

    with aws_account() as account, time_machine.travel(NOW, tick=False):
        counts = []
        for _ in ("cold", "warm"):
            counts = [_counted(visit), _counted(submission)]
            waiting = [item["id"] for item in account.items() if "pending" in item]
            counts += [_counted(alert), _counted(idle_retry)]
        found = account.dynamodb.scan(TableName="consultations")["Items"]
    visit_, submission_, alert_, idle_retry_ = counts
    return Measured(
        visit=visit_,
        submission=submission_,
        alert=alert_,
        idle_retry=idle_retry_,
        item_bytes=max(item_bytes(dict(item)) for item in found if "alerted_at" in item),
    )


def _counted(work: Callable[[], None]) -> Counted:
    with counting() as counted:
        work()
    return counted


def month(submissions: int, measured: Measured) -> dict[str, float]:
    """Dollars of a month by service, two years after the start: nothing has expired until then."""
    visits = submissions * ASSUMED["visits of the form for each submission"]
    refused = submissions * ASSUMED["share of submissions that are refused once before"]
    form_requests = visits * ASSUMED["requests of a visit"] + submissions + refused
    runs = form_requests + submissions + RUNS_OF_THE_SCHEDULE + DAILY_RUNS
    # One in five minutes at most is cold on a quiet day; a busy one keeps the functions warm.
    cold_form = min(form_requests, RUNS_OF_THE_SCHEDULE)
    cold_alert = min(submissions, RUNS_OF_THE_SCHEDULE)
    form_ms = (
        form_requests * ASSUMED["ms of a form's request"]
        + cold_form * ASSUMED["ms of a cold start"]
    )
    other_ms = (
        submissions * ASSUMED["ms of an alert"]
        + RUNS_OF_THE_SCHEDULE * ASSUMED["ms of a run of the schedule without work"]
        + cold_alert * ASSUMED["ms of a cold start"]
    )
    gb_ms = (
        form_ms * form_memory() + other_ms * template()["Globals"]["Function"]["MemorySize"] / KIB
    )
    stored = 24 * submissions * (measured.item_bytes + INDEX_ENTRIES_BYTES) / GB
    logged = (
        visits * measured.visit.log_bytes
        + (submissions + refused) * measured.submission.log_bytes
        + submissions * measured.alert.log_bytes
        + RUNS_OF_THE_SCHEDULE * measured.idle_retry.log_bytes
        + runs * ASSUMED["bytes that Lambda logs of each run itself"]
        + form_requests * ACCESS_LOG_BYTES
    ) / GB
    own_metrics = (
        3  # of each run of the schedule
        + min(1, submissions / HOURS) * 2
        + min(1, refused / HOURS) * ASSUMED["reasons for refusals in a month"]
        + 2 * DAYS / HOURS  # the heartbeat, held requests
    )
    traces = min(runs, HOURS * 3600) + max(0, runs - HOURS * 3600) * 0.05  # X-Ray's default rule
    key_uses = (
        min(submissions * 4, ROLES_AT_THE_TABLE * RUNS_OF_THE_SCHEDULE) + cold_form + cold_alert
    )
    recipients = mean(len(place.staff) for place in load_clinic().locations.values())
    amounts = {
        "API Gateway": {"api": form_requests},
        "Data to visitors": {
            "out": visits * ASSUMED["KB that a visit takes to the visitor"] * KIB / GB
        },
        "Lambda": {"request": runs, "compute": gb_ms / 1000},
        "DynamoDB": {
            "write": submissions * (measured.submission.write_units + measured.alert.write_units),
            "read": submissions * measured.alert.read_units
            + RUNS_OF_THE_SCHEDULE * measured.idle_retry.read_units,
            "storage": stored,
            "recovery": stored,
        },
        "SES": {"mail": submissions * recipients * measured.alert.calls["SendEmail"]},
        "CloudWatch metrics, alarms, dashboard": {
            "metric": own_metrics,
            "alarm": ALARMS,
            "dashboard": 1,
        },
        "CloudWatch logs": {"ingested": logged, "kept": 3 * logged},
        "X-Ray": {"trace": traces},
        "KMS": {"key": 1, "key use": key_uses},
        "EventBridge Scheduler": {"schedule": RUNS_OF_THE_SCHEDULE + DAILY_RUNS},
    }
    return {
        service: sum(PRICES[name].dollars * amount for name, amount in parts.items())
        for service, parts in amounts.items()
    }


def form_memory() -> float:
    """GB of the function that answers the form and the post."""
    return float(resource("SubmitConsultationFunction")["MemorySize"]) / KIB


def options(submissions: int) -> dict[str, float]:
    """Dollars of a month for what is off by default."""
    requests = submissions * (
        ASSUMED["visits of the form for each submission"] * ASSUMED["requests of a visit"] + 1
    )
    cold = min(requests, RUNS_OF_THE_SCHEDULE)
    return {
        "`Waf`": PRICES["web acl"].dollars
        + PRICES["waf rule"].dollars * len(resource("WebAcl")["Rules"])
        + PRICES["waf"].dollars * requests,
        "`SnapStart`, one version": PRICES["snapshot"].dollars * form_memory() * HOURS * 3600
        + PRICES["restore"].dollars * form_memory() * cold,
    }


def page(measured: Measured) -> str:
    """The whole of docs/costs.md."""
    months = [month(volume, measured) for volume in VOLUMES]
    heads = ["", *(f"{volume:,}" for volume in VOLUMES)]
    rows = [[service, *(_dollars(each[service]) for each in months)] for service in months[0]]
    rows.append(["**together**", *(f"**{_dollars(sum(each.values()))}**" for each in months)])
    more = [options(volume) for volume in VOLUMES]
    rows += [[f"{name}, if on", *(_dollars(each[name]) for each in more)] for name in more[0]]
    work = {
        "a visit": measured.visit,
        "a submission": measured.submission,
        "its alert": measured.alert,
        "a run of the schedule without work": measured.idle_retry,
    }
    return TEXT.format(
        costs=Table(heads, rows).markdown(),
        measured=Table(
            ["", "AWS calls", "write units", "read units", "bytes of logs"],
            [
                [
                    name,
                    ", ".join(f"{n} {call}" for call, n in sorted(each.calls.items())) or "none",
                    str(each.write_units),
                    f"{each.read_units:g}",
                    f"{each.log_bytes:,}",
                ]
                for name, each in work.items()
            ],
        ).markdown(),
        item=f"{measured.item_bytes:,}",
        alarms=ALARMS,
        assumed="\n".join(f"- {name}: {value:,}" for name, value in ASSUMED.items()),
        prices=Table(
            ["price", "for a", "read in"],
            [
                [f"${each.dollars:.10f}".rstrip("0").rstrip("."), each.unit, each.source]
                for each in PRICES.values()
            ],
        ).markdown(),
        date=READ_ON,
    )


def _dollars(amount: float) -> str:
    return f"${amount:,.2f}"


def main() -> None:
    """Write docs/costs.md."""
    PAGE.write_text(page(measure()), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
