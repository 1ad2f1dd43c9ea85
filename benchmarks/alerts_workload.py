"""A program that handles batches of a stream: alerts_workload.py FOLDER, events on stdin.

Prints for each event, as JSON lines, how many milliseconds its handling took and what it answered.
"""

import importlib
import json
import sys
import time
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path


class Context:
    """What Lambda tells of an invocation, with all the time that it can have."""

    function_name = "benchmark"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:benchmark"
    aws_request_id = "00000000-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        """As of a function that has just begun."""
        return 900_000


def main(folder: Path) -> None:
    """Handle each event in turn."""
    sys.path.insert(0, str(folder))
    with redirect_stdout(StringIO()):  # the logger keeps the one that it finds
        handler = importlib.import_module("handler")
    for line in sys.stdin:
        event = json.loads(line)
        with redirect_stdout(StringIO()):
            began = time.perf_counter()
            answer = handler.lambda_handler(event, Context())
            took_ms = (time.perf_counter() - began) * 1000
        print(json.dumps({"took_ms": took_ms, "answer": answer}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
