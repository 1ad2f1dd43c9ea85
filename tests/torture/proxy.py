"""A proxy between the functions and the emulator that fails, hangs and loses answers."""

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from local.emulator import HOST

FAULTS = {"error": 0.04, "throttle": 0.04, "drop": 0.02, "lose answer": 0.03, "hang": 0.01}
"""How likely each is for one call. A call that hangs is answered after the function stopped
waiting, and takes effect."""

HANG_SECONDS = {"dynamodb": 2.5, "sesv2": 5.5}
"""Longer than the functions wait for an answer."""

_ERRORS = {
    ("dynamodb", "error"): (500, "InternalServerError"),
    ("dynamodb", "throttle"): (400, "ProvisionedThroughputExceededException"),
    ("sesv2", "error"): (500, "InternalFailure"),
    ("sesv2", "throttle"): (429, "TooManyRequestsException"),
}


@dataclass
class FaultProxy:
    """The proxy of one service, what it did, and what passed through it."""

    service: str
    url: str
    faults: Mapping[str, float] = field(default_factory=lambda: FAULTS)
    struck: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    """Mails that the emulator's SES accepted, by consultation."""
    in_doubt: Counter[str] = field(default_factory=Counter)
    """Faults, by consultation, that kept a function from knowing or writing down that it sent."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fault(self, chance: random.Random) -> str:
        """What to do to the next call; empty for nothing."""
        names, weights = list(self.faults), list(self.faults.values())
        if not names:
            return ""
        return chance.choices([*names, ""], [*weights, 1 - sum(weights)])[0]

    def note(self, fault: str, call: Mapping[str, Any], status: int | None) -> None:
        """Write down what became of a call."""
        with self.lock:
            if fault:
                self.struck[fault] += 1
            if self.service == "sesv2":
                id_ = call["EmailTags"][0]["Value"]
                self.sent[id_] += status == http.client.OK
                self.in_doubt[id_] += bool(fault) and status == http.client.OK
            elif fault and "alerted_at" in call.get("UpdateExpression", ""):
                self.in_doubt[call["Key"]["id"]["S"]] += 1


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: FaultProxy
    emulator_port: int
    chance: random.Random

    def do_POST(self) -> None:
        """Hand one call on, or do to it what chance says."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        call = json.loads(body)
        with self.proxy.lock:
            fault = self.proxy.fault(self.chance)
        if fault in ("error", "throttle"):
            self.proxy.note(fault, call, None)
            status, code = _ERRORS[self.proxy.service, fault]
            headers = {"x-amzn-errortype": code}
            self.answer(status, headers, json.dumps({"__type": code}).encode())
        elif fault == "drop":
            self.proxy.note(fault, call, None)
            self.close_connection = True
        else:
            status, headers, content = self.forward(body)
            self.proxy.note(fault, call, status)
            if fault == "hang":
                time.sleep(HANG_SECONDS[self.proxy.service])
            if fault:
                self.close_connection = True
            else:
                self.answer(status, headers, content)

    def forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """What the emulator answers."""
        connection = http.client.HTTPConnection(HOST, self.emulator_port, timeout=30)
        try:
            connection.request("POST", self.path, body, dict(self.headers))
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def answer(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        """Answer the function."""
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing: what matters is counted."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A function that no longer listens is what this is about."""


@contextmanager
def fault_proxy(service: str, emulator_port: int, seed: int) -> Iterator[FaultProxy]:
    """A proxy for this service in front of the emulator on this port."""
    server = _Server((HOST, 0), _Handler)
    proxy = FaultProxy(service, f"http://{HOST}:{server.server_address[1]}")
    of_this_proxy = {
        "proxy": proxy,
        "emulator_port": emulator_port,
        "chance": random.Random(f"{seed} {service}"),  # noqa: S311 - to be replayed
    }
    server.RequestHandlerClass = type("Handler", (_Handler,), of_this_proxy)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
