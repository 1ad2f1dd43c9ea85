"""Submit to a deployed stack while it fails, then reconcile: python -m tests.torture.

The stack is template.yaml on the local emulator. Between its functions and the emulator stand
proxies for DynamoDB and SES that return errors, throttle, drop requests, lose answers and hang;
the worker that sends alerts is killed now and then. When nine in ten alerts are sent the faults
stop, the rest is re-driven with the command that an engineer would use, and the log of the
clients, the table and the mailbox are compared.
"""

import argparse
import concurrent.futures
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from boto3.dynamodb.types import TypeDeserializer

from consultations.alerting import ALERTS_AT_ONCE
from consultations.repository import RECORD
from local.aws import tool_environment
from local.emulator import HOST, Emulator
from local.stack import STACK_NAME, Stack, running_stack
from tests.builders import fields
from tests.template import ROOT
from tests.torture.proxy import FaultProxy, fault_proxy

CLIENTS = 12
TRIES = 8
"""Of one client for one submission; then it gives up."""

KILL_EVERY = 250
"""After as many submissions the worker that sends alerts is killed."""

KILL_EVERY_SECONDS = 20
"""The same while the alerts catch up."""

FAIL_FOR_SECONDS = 480
"""How long the faults go on at most after the last submission."""

RECOVER_WITHIN_SECONDS = 600

_deserialize = TypeDeserializer().deserialize


@dataclass(frozen=True)
class Submission:
    """What a client posted, and the reference it was told; none if it gave up."""

    answers: Mapping[str, Any]
    tries: int
    reference: str | None


def main() -> int:
    """0 if nothing is lost, invented or unaccountably doubled."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--submissions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with ExitStack() as started:
        port = free_port()
        folder = Path(started.enter_context(tempfile.TemporaryDirectory()))
        dynamodb, ses = (
            started.enter_context(fault_proxy(service, port, arguments.seed))
            for service in ("dynamodb", "sesv2")
        )
        stack = started.enter_context(
            running_stack(
                port=port,
                folder=folder,
                allowed_origins=("https://www.example.com",),
                functions_environment={
                    "AWS_ENDPOINT_URL_DYNAMODB": dynamodb.url,
                    "AWS_ENDPOINT_URL_SESV2": ses.url,
                },
                parameters={
                    "ThrottleRate": "1000",
                    "ThrottleBurst": "1000",
                    "AlertBudget": "100000",  # each request is looked for in a mail of its own
                    "ContactAlertBudget": "100000",
                    "AlertDetail": "full",
                },
            )
        )
        submissions, kills = _submit_all(stack, arguments.submissions, arguments.seed)
        kills += _keep_failing(stack, ses, len(submissions))
        dynamodb.faults = ses.faults = {}
        _recover(stack)
        return _reconcile(stack, submissions, dynamodb, ses, kills=kills)


def _submit_all(stack: Stack, count: int, seed: int) -> tuple[list[Submission], int]:
    began = time.monotonic()
    submissions, kills = [], 0
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as clients:
        running = [clients.submit(_submit, stack, number, seed) for number in range(count)]
        for done, future in enumerate(concurrent.futures.as_completed(running), start=1):
            submissions.append(future.result())
            if done % KILL_EVERY == 0:
                kills += _kill_a_worker(stack.emulator)
            if done % 100 == 0:
                print(f"{done:>6,} submitted, {time.monotonic() - began:.0f} s", flush=True)
    return submissions, kills


def _keep_failing(stack: Stack, ses: FaultProxy, submitted: int) -> int:
    """Let the alerts catch up, faults and all, until nine in ten are sent; how many were killed."""
    print("all submitted; alerts go on under faults", flush=True)
    began, kills = time.monotonic(), 0
    while len(+ses.sent) < submitted * 0.9 and time.monotonic() - began < FAIL_FOR_SECONDS:
        time.sleep(KILL_EVERY_SECONDS)
        kills += _kill_a_worker(stack.emulator)
        print(f"{len(+ses.sent):>6,} alerted, {time.monotonic() - began:.0f} s", flush=True)
    return kills


def _submit(stack: Stack, number: int, seed: int) -> Submission:
    """Post until it is acknowledged, with the same key, like the page does."""
    chance = random.Random(f"{seed} {number}")  # noqa: S311 - to be replayed, not kept secret
    answers = fields(
        full_name=f"Person {number} – José 王小明",
        message=f"Line one of {number}\nline two & <b>more</b> 'quoted'",
        submission_id=str(UUID(int=chance.getrandbits(128), version=4)),
        location=chance.choice(["mesa", "albuquerque", "san_diego", "not_sure"]),
    )
    for attempt in range(1, TRIES + 1):
        reference = _post(stack, answers)
        if reference:
            return Submission(answers, attempt, reference)
        time.sleep(chance.uniform(0, 0.2 * attempt))
    return Submission(answers, TRIES, None)


def _post(stack: Stack, answers: Mapping[str, Any]) -> str | None:
    address = urlsplit(stack.consultations_url)
    connection = http.client.HTTPConnection(str(address.netloc), timeout=20)
    try:
        body = json.dumps(answers, ensure_ascii=False).encode()
        connection.request("POST", address.path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        content = response.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    if response.status != http.client.CREATED:
        return None
    reference: str = json.loads(content)["id"]
    return reference


def _kill_a_worker(emulator: Emulator) -> bool:
    """Kill the process that runs AlertStaff, without a warning; whether there was one.

    Only this function's: the emulator starts a second process of one function beside the first,
    and does not recover when one of several is killed.
    """
    workers = emulator.workers("AlertStaff")
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    return bool(workers)


def _recover(stack: Stack) -> None:
    """Re-drive until nothing is pending; the claims of killed workers run out in two minutes."""
    print("faults have stopped; re-driving", flush=True)
    environment = tool_environment(stack.emulator.url) | {"PYTHONPATH": "layers"}
    deadline = time.monotonic() + RECOVER_WITHIN_SECONDS
    while time.monotonic() < deadline:
        redrive = subprocess.run(
            [sys.executable, "-m", "operations", "redrive", "--stack", STACK_NAME, "--yes"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        lines = redrive.stdout.splitlines() or redrive.stderr.splitlines()
        print(f"  {lines[-1]}", flush=True)
        if redrive.returncode == 0:
            return
        time.sleep(10)


def _reconcile(
    stack: Stack,
    submissions: list[Submission],
    dynamodb: FaultProxy,
    ses: FaultProxy,
    *,
    kills: int,
) -> int:
    items = {item["id"]: item for item in _items(stack)}
    by_name = Counter(item["full_name"] for item in items.values())
    acknowledged = [each for each in submissions if each.reference]
    names = {each.answers["full_name"] for each in submissions}
    lost = [each for each in acknowledged if each.reference not in items]
    altered = [
        each
        for each in acknowledged
        if each.reference in items and not _as_typed(items[each.reference], each.answers)
    ]
    extra = {id_: ses.sent[id_] - 1 for id_ in items if ses.sent[id_] > 1}
    explained = sum(
        min(count, ses.in_doubt[id_] + dynamodb.in_doubt[id_]) for id_, count in extra.items()
    )
    unexplained = sum(extra.values()) - explained
    failures = {
        "acknowledged and lost": len(lost),
        "stored otherwise than typed": len(altered),
        "stored twice": sum(count - 1 for count in by_name.values()),
        "stored and never submitted": len(by_name.keys() - names),
        "never alerted": sum(not ses.sent[id_] for id_ in items),
        "alerts of nothing": len(+ses.sent - Counter(dict.fromkeys(items, 10**6))),
        "still pending": sum("pending" in item for item in items.values()),
        "doubled beyond lost answers and kills": max(0, unexplained - kills * ALERTS_AT_ONCE),
    }
    print()
    for name, value in {
        "submissions": len(submissions),
        "  tries": sum(each.tries for each in submissions),
        "  acknowledged": len(acknowledged),
        "  given up by the client": len(submissions) - len(acknowledged),
        "faults of DynamoDB": dict(dynamodb.struck),
        "faults of SES": dict(ses.struck),
        "workers killed": kills,
        "records": len(items),
        "alerts": sum(ses.sent.values()),
        "  second alerts": sum(extra.values()),
        "    whose first answer or mark was lost": explained,
        "    after a worker was killed": unexplained,
        **failures,
    }.items():
        print(f"{name:44} {value}")
    passed = not any(failures.values())
    print("\nEverything adds up." if passed else "\nIT DOES NOT ADD UP.")
    return 0 if passed else 1


def _items(stack: Stack) -> Iterator[dict[str, Any]]:
    for page in stack.aws.dynamodb.get_paginator("scan").paginate(TableName=stack.table_name):
        for item in page["Items"]:
            if item["record"]["S"] == RECORD:
                yield {name: _deserialize(value) for name, value in item.items()}


def _as_typed(item: Mapping[str, Any], answers: Mapping[str, Any]) -> bool:
    return all(item[name] == answers[name] for name in ("full_name", "message", "phone"))


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
