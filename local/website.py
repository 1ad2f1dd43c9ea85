"""The example website of a clinic, served from an origin of its own as a real one is."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler

from local.processes import ROOT
from local.serving import serving

EXAMPLE = ROOT / "examples" / "website"
EXAMPLE_API = "https://forms.example.com/"
"""The API's address in the example's files."""

_TYPES = {".html": "text/html", ".css": "text/css"}


@contextmanager
def serving_website(*, port: int, form_url: str) -> Iterator[str]:
    """The example website with the form of this API, until the end of the context."""

    class Handler(_WebsiteHandler):
        api = form_url

    with serving(port=port, handler=Handler) as address:
        yield address


class _WebsiteHandler(BaseHTTPRequestHandler):
    api: str

    def do_GET(self) -> None:
        """Answer a browser with one of the example's files."""
        name = self.path.partition("?")[0].removeprefix("/") or "index.html"
        file = next((file for file in EXAMPLE.iterdir() if file.name == name), None)
        if file is None:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", "The example has no such page.")
            return
        text = file.read_text(encoding="utf-8").replace(EXAMPLE_API, self.api)
        self._answer(HTTPStatus.OK, _TYPES[file.suffix], text)

    def _answer(self, status: HTTPStatus, media_type: str, text: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{media_type}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
