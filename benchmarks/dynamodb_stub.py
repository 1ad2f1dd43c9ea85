"""An HTTPS endpoint that takes every PutItem, with a certificate authority of its own."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme


@dataclass(frozen=True, slots=True)
class Stub:
    """Where the endpoint is, and the certificate that proves it."""

    url: str
    certificate: bytes
    calls: list[str]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    calls: list[str]


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append(self.headers["X-Amz-Target"])
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def dynamodb_stub(folder: Path) -> Iterator[Stub]:
    """The endpoint, as long as the context lasts."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    key = folder / "stub.pem"
    key.write_bytes(
        certificate.private_key_pem.bytes()
        + b"".join(blob.bytes() for blob in certificate.cert_chain_pems)
    )
    server = _Server(("127.0.0.1", 0), _Handler)
    server.calls = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Stub(
            f"https://localhost:{server.server_port}", authority.cert_pem.bytes(), server.calls
        )
    finally:
        server.shutdown()
        server.server_close()
