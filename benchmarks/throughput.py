"""What the deployed stack takes in: python -m benchmarks.throughput [--port 8940].

The stack runs on the emulator, on this machine and with the clients beside it, so that the figures
tell how it grows and what waking it early is worth, not what AWS would do. First a post that meets
a cold function, alone and right after the form was loaded; then posts by 1, 8 and 32 clients at
once. Reports nothing unless every acknowledged request is in the table, once and as it was sent.
"""

import argparse
import http.client
import json
import os
import platform
import signal
import statistics
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from benchmarks.lambda_runtime import WrongAnswerError
from benchmarks.results import Table, write_result
from local.stack import Stack, running_stack
from tests.builders import fields

CLIENTS = (1, 8, 32)
POSTS = 320
COLD_ROUNDS = 9
FUNCTION = "SubmitConsultation"
SETTLE_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Post:
    """An acknowledged post: its reference, whose it was, and how long the answer took."""

    reference: str
    full_name: str
    took_ms: float


def get_form(stack: Stack) -> None:
    """Load the form. Raises WrongAnswerError."""
    address = urlsplit(stack.form_url)
    connection = http.client.HTTPConnection(address.netloc, timeout=60)
    try:
        connection.request("GET", address.path, headers={"Accept": "text/html"})
        response = connection.getresponse()
        response.read()
    finally:
        connection.close()
    if response.status != http.client.OK:
        raise WrongAnswerError(f"the form: {response.status}")


def post(stack: Stack) -> Post:
    """Send a request of somebody new. Raises WrongAnswerError unless it is acknowledged."""
    address = urlsplit(stack.consultations_url)
    full_name = f"Person {uuid4()}"
    body = json.dumps(fields(full_name=full_name, submission_id=str(uuid4()))).encode()
    connection = http.client.HTTPConnection(address.netloc, timeout=60)
    try:
        began = time.perf_counter()
        connection.request("POST", address.path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = response.read()
        took_ms = (time.perf_counter() - began) * 1000
    finally:
        connection.close()
    if response.status != http.client.CREATED:
        raise WrongAnswerError(f"a post: {response.status}")
    return Post(json.loads(answer)["id"], full_name, took_ms)


def make_cold(stack: Stack) -> None:
    """End the function's process; the next request starts another."""
    for worker in stack.emulator.workers(FUNCTION):
        os.kill(worker, signal.SIGKILL)
    time.sleep(SETTLE_SECONDS)


def first_posts(stack: Stack, *, form_first: bool) -> list[Post]:
    """Posts that each come after the function went cold, with the form loaded before or not."""
    made = []
    for _ in range(COLD_ROUNDS):
        make_cold(stack)
        if form_first:
            get_form(stack)
        made.append(post(stack))
    return made


def posts_by(stack: Stack, clients: int) -> tuple[list[Post], float]:
    """All posts of as many clients, who each send the next as soon as one is answered; seconds."""
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(lambda _: post(stack), range(clients)))  # so that as many processes are up
        began = time.perf_counter()
        made = list(pool.map(lambda _: post(stack), range(POSTS)))
        return made, time.perf_counter() - began


def reconcile(stack: Stack, made: list[Post]) -> None:
    """Raises WrongAnswerError unless the table holds each of them once."""
    stored: Counter[tuple[str, str]] = Counter()
    for page in stack.aws.dynamodb.get_paginator("scan").paginate(
        TableName=stack.table_name, ConsistentRead=True
    ):
        stored.update(
            (item["id"]["S"], item["full_name"]["S"])
            for item in page["Items"]
            if "full_name" in item
        )
    wrong = [each for each in made if stored[each.reference, each.full_name] != 1]
    if wrong:
        raise WrongAnswerError(f"{len(wrong)} of {len(made)} acknowledged posts are not stored")


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8940, help="the first of three")
    arguments = parser.parse_args()
    rows, bars, all_made = [], {}, []
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        running_stack(
            port=arguments.port,
            folder=Path(folder),
            allowed_origins=("https://www.example.com",),
            parameters={"ThrottleRate": "1000", "ThrottleBurst": "1000"},
        ) as stack,
    ):
        post(stack)
        warm = [post(stack) for _ in range(COLD_ROUNDS)]
        unit = statistics.median(each.took_ms for each in warm)
        for name, made in {
            "a warm function": warm,
            "a cold function": first_posts(stack, form_first=False),
            "a cold function, the form loaded before": first_posts(stack, form_first=True),
        }.items():
            times = sorted(each.took_ms for each in made)
            rows.append(_row(name, "", times, unit))
            all_made += made
        for clients in CLIENTS:
            made, seconds = posts_by(stack, clients)
            times = sorted(each.took_ms for each in made)
            name = f"{clients} {'client' if clients == 1 else 'clients'} at once"
            rows.append(_row(name, f"{len(made) / seconds:.0f}", times, unit))
            bars[name] = len(made) / seconds
            all_made += made
        reconcile(stack, all_made)
    heads = ["a post meets", "posts per second", "median, ratio", "p50, ms", "p99, ms"]
    how = (
        f"{POSTS} posts each and {COLD_ROUNDS} of each single kind, on the emulator; "
        f"{len(all_made):,} acknowledged, 0 lost; load of the machine {os.getloadavg()[1]:.1f}"
    )
    write_result(
        "throughput",
        Table(heads, rows),
        how,
        python=platform.python_version(),  # the emulator runs the functions on that of .venv
        unit="posts per second",
        bars=bars,
    )


def _row(name: str, rate: str, times: list[float], unit: float) -> list[str]:
    p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
    return [name, rate, f"{p50 / unit:.2f}", f"{p50:.0f}", f"{p99:.0f}"]


if __name__ == "__main__":
    main()
