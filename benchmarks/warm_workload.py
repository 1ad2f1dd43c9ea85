"""A program that answers COUNT warm requests and ends: warm_workload.py VARIANT COUNT."""

import base64
import http.client
import importlib
import json
import os
import socket
import sys
from pathlib import Path

from canned import connect

ROOT = Path(__file__).parent.parent


class Context:
    function_name = "benchmark"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:benchmark"
    aws_request_id = "00000000-0000-4000-8000-000000000000"


def main(variant: str, count: int) -> None:
    """Answer the sample `count` times, each time with another key; stop at a wrong answer."""
    socket.create_connection = connect
    http.client.HTTPConnection._create_connection = staticmethod(connect)
    if "urllib3" in sys.modules:
        raise RuntimeError("urllib3 came before its socket")
    import urllib3.util.connection

    urllib3.util.connection.create_connection = connect
    sys.path.insert(0, str(ROOT / variant))
    handler = importlib.import_module("handler")
    event = json.loads((ROOT / "events" / "post_json.json").read_text())
    body = json.loads(base64.b64decode(event["body"]))
    null = os.open(os.devnull, os.O_WRONLY)
    stdout = os.dup(1)
    os.dup2(null, 1)
    for number in range(count):
        body["submission_id"] = f"00000000-0000-4000-8000-{number:012d}"
        event["body"] = base64.b64encode(json.dumps(body).encode()).decode()
        if handler.lambda_handler(event, Context())["statusCode"] != 201:
            raise RuntimeError("a wrong answer")
    os.dup2(stdout, 1)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
