"""A submission costs one AWS call, counted where it can't be hidden: on the wire."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.builders import a_post
from tests.template import ROOT

PROGRAM = """
import json, sys
from functions.submit_consultation import handler
from tests.builders import a_context
for event in json.load(sys.stdin):
    print(handler.lambda_handler(event, a_context())["statusCode"], file=sys.stderr)
"""


class _Counter(ThreadingHTTPServer):
    """An endpoint that accepts every call and keeps its name."""

    calls: list[str]


class _Handler(BaseHTTPRequestHandler):
    server: _Counter

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append(self.headers["X-Amz-Target"])
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def endpoint() -> Iterator[_Counter]:
    server = _Counter(("127.0.0.1", 0), _Handler)
    server.calls = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_each_submission_is_one_put_and_nothing_else(endpoint: _Counter) -> None:
    posts = [a_post(), a_post("not a form"), a_post()]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(posts),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'layers'}",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{endpoint.server_port}",
        },
    )

    assert done.stderr.split() == ["201", "400", "201"]
    assert endpoint.calls == ["DynamoDB_20120810.PutItem"] * 2
