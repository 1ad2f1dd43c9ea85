"""One cold start of a function under the real Lambda runtime client, and what it cost."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

TIME_LIMIT_SECONDS = 60
TRACE_ID = "Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0"


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of CPU until the function was ready and for each request, and its memory."""

    init_ms: float
    requests_ms: tuple[float, ...]
    peak_kib: int

    @property
    def cold_ms(self) -> float:
        """Initialisation and the first request: what the first person waits for."""
        return self.init_ms + self.requests_ms[0]

    @property
    def first_ms(self) -> float:
        """The first request alone."""
        return self.requests_ms[0]


class WrongAnswerError(Exception):
    """A variant did not do its job, so its time means nothing."""


class _RuntimeApi(ThreadingHTTPServer):
    """Hands out the events one by one and reads the CPU clock of the function in between.

    AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes".
    """

    daemon_threads = True

    def __init__(self, events: list[dict[str, Any]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.events = list(events)
        self.clock_ns: list[int] = []
        self.answers: list[dict[str, Any]] = []
        self.peak_kib = 0
        self.pid = 0
        self.started = threading.Event()
        self.finished = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: _RuntimeApi

    def do_GET(self) -> None:
        self.server.started.wait()
        self.server.clock_ns.append(_cpu_ns(self.server.pid))
        self.server.peak_kib = _peak_kib(self.server.pid)
        if not self.server.events:
            self.server.finished.set()
            return
        body = json.dumps(self.server.events.pop(0)).encode()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "00000000-0000-4000-8000-000000000000")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + 900) * 1000)))
        self.send_header("Lambda-Runtime-Trace-Id", TRACE_ID)
        self.send_header(
            "Lambda-Runtime-Invoked-Function-Arn",
            "arn:aws:lambda:us-east-1:123456789012:function:benchmark",
        )
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.answers.append(json.loads(body))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def cold_start(
    *,
    python: Path,
    task_root: Path,
    layer: Path | None,
    events: list[dict[str, Any]],
    environment: dict[str, str],
    right: Callable[[Any], bool],
) -> Cost:
    """Start the function in `task_root` once, let it answer `events`, and stop it.

    Raises WrongAnswerError unless each answer is right.
    """
    api = _RuntimeApi(events)
    threading.Thread(target=api.serve_forever, daemon=True).start()
    process = subprocess.Popen(
        [python, "-m", "awslambdaric", "handler.lambda_handler"],
        cwd=task_root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": "benchmark",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "benchmark",
            "AWS_SECRET_ACCESS_KEY": "benchmark",
            "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
            "_X_AMZN_TRACE_ID": TRACE_ID,
            "LAMBDA_TASK_ROOT": str(task_root),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(task_root), str(layer or "")])),
            "PYTHONDONTWRITEBYTECODE": "1",
            **environment,
        },
    )
    api.pid = process.pid
    api.started.set()
    try:
        done = api.finished.wait(TIME_LIMIT_SECONDS)
    finally:
        process.kill()
        _, errors = process.communicate()
        api.shutdown()
        api.server_close()
    if not done or len(api.answers) != len(events) or not all(map(right, api.answers)):
        sys.stderr.write(errors.decode(errors="replace"))
        raise WrongAnswerError(f"{task_root.name} answered {api.answers or 'nothing'}")
    steps = [later - earlier for earlier, later in pairwise([0, *api.clock_ns])]
    init, *requests = (step / 1e6 for step in steps)
    return Cost(init_ms=init, requests_ms=tuple(requests), peak_kib=api.peak_kib)


def _cpu_ns(pid: int) -> int:
    """Nanoseconds on the CPU of all threads so far (Linux, proc_pid_schedstat)."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks)


def _peak_kib(pid: int) -> int:
    """The most memory that was resident (Linux, proc_pid_status: VmHWM)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])
