"""Flood a deployed stack: python -m tests.torture.flood, or `make flood`.

Posts as fast as a few clients can, each request with a number of its own, to the clinic's
locations. Then counts the mails, runs the schedule until nothing is pending, and looks for every
request in a mail.
"""

import argparse
import concurrent.futures
import sys
import tempfile
import time
from pathlib import Path

from consultations.alert_budget import LOT
from local.mailbox import mails
from local.stack import running_stack
from tests.end_to_end.deployment import ORIGINS, Deployment
from tests.torture.__main__ import CLIENTS, free_port

BUDGET = 10
LOCATIONS = ("mesa", "albuquerque", "san_diego")
WORKERS_AT_MOST = 3
"""Of AlertStaff, beside the first. What each may cost is said by AlertBudget."""

QUIET_SECONDS = 5
"""When so long no further alert went out, the stream has brought all."""


def main() -> int:
    """0 if every request is named in a mail, and the mails stay within the budget."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.flood", description=__doc__)
    parser.add_argument("--posts", type=int, default=300)
    posts = parser.parse_args().posts
    with (
        tempfile.TemporaryDirectory() as folder,
        running_stack(
            port=free_port(),
            folder=Path(folder),
            allowed_origins=ORIGINS,
            parameters={
                "ThrottleRate": "1000",
                "ThrottleBurst": "1000",
                "AlertBudget": str(BUDGET),
            },
        ) as stack,
    ):
        deployment = Deployment(stack, Path(folder))
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as clients:
            references = list(clients.map(lambda number: _post(deployment, number), range(posts)))
        seconds = time.monotonic() - began
        alone = _when_quiet(deployment)
        runs = _run_schedule_until_done(deployment)
        told = [mail.text for mail in mails(stack.emulator)]
    missing = [reference for reference in references if not any(reference in text for text in told)]
    most = len(LOCATIONS) * (BUDGET + LOT * WORKERS_AT_MOST)
    print(f"\n{posts} posts in {seconds:.1f} s, {len(set(references))} stored")
    print(f"{alone} alerts one by one; {BUDGET} an hour for each of {len(LOCATIONS)} locations")
    print(f"{len(told) - alone} digests, in {runs} runs of the schedule")
    print(f"{len(missing)} requests that no mail names")
    within = alone <= most
    if not within:
        print(f"MORE THAN {most} ALERTS")
    return 0 if within and not missing and len(set(references)) == posts else 1


def _post(deployment: Deployment, number: int) -> str:
    return deployment.received(
        full_name=f"Person {number}",
        phone=f"{480 + number // 100}-555-01{number % 100:02}",
        location=LOCATIONS[number % len(LOCATIONS)],
    )


def _when_quiet(deployment: Deployment) -> int:
    """How many mails there are when no further ones come."""
    count, since = -1, time.monotonic()
    while time.monotonic() - since < QUIET_SECONDS:
        now = len(mails(deployment.stack.emulator))
        if now != count:
            count, since = now, time.monotonic()
        time.sleep(0.5)
    return count


def _run_schedule_until_done(deployment: Deployment) -> int:
    runs = 0
    while _pending(deployment):
        deployment.run("RetryAlertsFunction")
        runs += 1
    return runs


def _pending(deployment: Deployment) -> bool:
    dynamodb, table = deployment.stack.aws.dynamodb, deployment.stack.table_name
    return bool(dynamodb.scan(TableName=table, IndexName="pending_alerts")["Items"])


if __name__ == "__main__":
    sys.exit(main())
