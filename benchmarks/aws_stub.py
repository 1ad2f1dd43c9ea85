"""An HTTPS endpoint that takes what the functions call, with a certificate authority of its own.

DynamoDB takes every write at once, SES takes every mail after a while. What each call was is kept,
so that a benchmark can tell whether its function did its job.
"""

import json
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

CONSULTATION: dict[str, Any] = {
    "record": {"S": "consultation"},
    "received_at": {"S": "2026-11-24T09:00:00.000Z"},
    "correlation_id": {"S": "938f4de1-1961-4597-8b38-1a189cd42bcc"},
    "status": {"S": "accepted"},
    "reasons": {"L": []},
    "priority": {"BOOL": False},
    "fingerprint": {"S": "0" * 64},
    "keep_until": {"N": "1861920000"},
    "heartbeat": {"BOOL": False},
    "full_name": {"S": "Jordan Example"},
    "preferred_contact": {"S": "call"},
    "phone": {"S": "480-555-0100"},
    "phone_e164": {"S": "+14805550100"},
    "email": {"S": "jordan@example.com"},
    "may_leave_message": {"BOOL": True},
    "best_time": {"S": "morning"},
    "location": {"S": "mesa"},
    "age_18_plus": {"BOOL": True},
    "interests": {"L": [{"S": "depression"}, {"S": "anxiety"}]},
    "referral_source": {"S": "search"},
    "message": {"S": "I would like to know more."},
    "consent_to_contact": {"BOOL": True},
    "ack_not_emergency": {"BOOL": True},
    "consent_sms": {"BOOL": False},
    "language": {"S": "en"},
    "wording_versions": {"M": {"consent_to_contact": {"S": "2026-01"}}},
    "pending": {"S": "alert"},
    "alert_attempts": {"N": "1"},
}
"""What the table holds of each request whose alert is claimed; a person made up."""


@dataclass(frozen=True, slots=True)
class Stub:
    """Where the endpoint is, the certificate that proves it, and what was called."""

    url: str
    certificate: bytes
    calls: Counter[str] = field(default_factory=Counter)
    mails: list[str] = field(default_factory=list)
    """The consultation that each mail names in its tag, in the order of their arrival."""


def _contact(id_: str) -> dict[str, Any]:
    """The digests of an address and a number that no other consultation has."""
    return {
        f"{kind}_digest": {"S": sha256(f"{kind} {id_}".encode()).hexdigest()[:32]}
        for kind in ("email", "phone")
    }


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    stub: Stub
    ses_seconds: float


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer is one packet, as a service's is

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        called = self.headers.get("X-Amz-Target", self.path).rpartition(".")[2]
        self.server.stub.calls[called] += 1
        answer = self._answer(called, request)
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self, called: str, request: dict[str, Any]) -> dict[str, Any]:
        if called == "/v2/email/outbound-emails":
            time.sleep(self.server.ses_seconds)
            self.server.stub.mails.append(request["EmailTags"][0]["Value"])
            return {"MessageId": f"message-{len(self.server.stub.mails)}"}
        if called == "UpdateItem" and request.get("ReturnValues", "NONE") != "NONE":
            given = request["ExpressionAttributeValues"]
            item = CONSULTATION | request["Key"] | _contact(request["Key"]["id"]["S"])
            if ":until" in given:
                item["claimed_until"] = given[":until"]
            return {"Attributes": item | {"alerts": {"N": "1"}}}
        return {"Items": [], "Count": 0} if called == "Query" else {}

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def aws_stub(folder: Path, *, ses_seconds: float = 0) -> Iterator[Stub]:
    """The endpoint, as long as the context lasts; SES takes as many seconds for each mail."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    key = folder / "stub.pem"
    key.write_bytes(
        certificate.private_key_pem.bytes()
        + b"".join(blob.bytes() for blob in certificate.cert_chain_pems)
    )
    server = _Server(("127.0.0.1", 0), _Handler)
    server.ses_seconds = ses_seconds
    server.stub = Stub(f"https://localhost:{server.server_port}", authority.cert_pem.bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(key)
    server.socket = context.wrap_socket(
        server.socket,
        server_side=True,
        do_handshake_on_connect=False,  # each in its own thread, not one by one as they arrive
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.stub
    finally:
        server.shutdown()
        server.server_close()
