"""A program that answers COUNT warm requests and ends: warm_workload.py FOLDER COUNT.

Prints how many seconds of CPU one request of the second half took; the first half warms up.
"""

import base64
import http.client
import importlib
import json
import socket
import sys
import time
from contextlib import redirect_stdout
from io import StringIO
from itertools import cycle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks.canned import connect

ROOT = Path(__file__).parent.parent
CREATED = 201
DIFFERENT = 60
"""Requests before one comes again."""
CONTEXT = SimpleNamespace(
    function_name="benchmark",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:benchmark",
    aws_request_id="00000000-0000-4000-8000-000000000000",
)


def events(count: int) -> list[dict[str, Any]]:
    """The sample, each time with another key."""
    event = json.loads((ROOT / "events" / "post_json.json").read_text(encoding="utf-8"))
    body = json.loads(base64.b64decode(event["body"]))
    made = []
    for number in range(count):
        body["submission_id"] = f"00000000-0000-4000-8000-{number:012d}"
        made.append({**event, "body": base64.b64encode(json.dumps(body).encode()).decode()})
    return made


def answer_from_memory() -> None:
    """Let connections end in memory. They are opened through these, by http.client and urllib3."""
    for module in (socket, importlib.import_module("urllib3.util.connection")):
        setattr(module, "create_connection", connect)  # noqa: B010 - modules have no such type
    setattr(http.client.HTTPConnection, "_create_connection", staticmethod(connect))  # noqa: B010 - as above


def main(folder: Path, count: int) -> None:
    """Answer them all; exits with 1 at a wrong answer."""
    answer_from_memory()
    sys.path.insert(0, str(folder))
    # As many for few requests as for many, so that making them is not counted.
    made = cycle(events(DIFFERENT))
    half = count // 2
    with redirect_stdout(StringIO()):
        handler = importlib.import_module("handler")
        statuses = [handler.lambda_handler(next(made), CONTEXT)["statusCode"] for _ in range(half)]
        began = time.process_time()
        statuses += [
            handler.lambda_handler(next(made), CONTEXT)["statusCode"] for _ in range(half, count)
        ]
        took = time.process_time() - began
    if set(statuses) != {CREATED}:
        sys.exit(1)
    print(took / (count - half))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
