"""Serving pages to the browsers of this machine, and to no others."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from local.emulator import HOST


@contextmanager
def serving(*, port: int, handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a web server that answers until the end of the context."""
    server = ThreadingHTTPServer((HOST, port), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
