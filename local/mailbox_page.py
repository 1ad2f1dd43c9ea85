"""A page that shows the mailbox in a browser, served on this machine only."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from secrets import token_urlsafe
from string import Template

from local.emulator import Emulator
from local.mailbox import Mail, mails
from local.serving import serving

_PAGE = Template(Path(__file__).with_suffix(".html").read_text(encoding="utf-8"))


@contextmanager
def serving_mailbox(*, port: int, emulator: Emulator) -> Iterator[str]:
    """The page at its address, answering until the end of the context."""

    class Handler(_MailboxHandler):
        source = emulator

    with serving(port=port, handler=Handler) as address:
        yield address


def page(messages: Sequence[Mail], *, nonce: str) -> str:
    """The page with these mails, the first one on top; `nonce` is what its one script may run by.

    What is in a mail is shown, never run: HTML stands in a frame without scripts.
    """
    match len(messages):
        case 0:
            count = "No mail yet"
        case 1:
            count = "1 mail"
        case number:
            count = f"{number} mails, the newest first"
    return _PAGE.substitute(count=count, mails="\n".join(map(_article, messages)), nonce=nonce)


class _MailboxHandler(BaseHTTPRequestHandler):
    source: Emulator

    def do_GET(self) -> None:
        """Answer a browser."""
        if self.path != "/":
            self._answer(HTTPStatus.NOT_FOUND, "There is nothing here. The mailbox is at /")
            return
        nonce = token_urlsafe()
        try:
            html = page(mails(self.source), nonce=nonce)
        except OSError:
            self._answer(HTTPStatus.BAD_GATEWAY, "The emulator does not answer any more.")
        else:
            self._answer(HTTPStatus.OK, html, nonce)

    def _answer(self, status: HTTPStatus, body: str, nonce: str = "") -> None:
        content = body.encode()
        scripts = f"'nonce-{nonce}'" if nonce else "'none'"
        self.send_response(status)
        self.send_header("Content-Type", f"text/{'html' if nonce else 'plain'}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        # The frames inherit this: a mail can't load anything from anywhere.
        self.send_header(
            "Content-Security-Policy",
            f"default-src 'none'; style-src 'unsafe-inline'; script-src {scripts}; "
            "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        )
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing: the page asks every two seconds."""


def _article(mail: Mail) -> str:
    sent_at = mail.sent_at.astimezone()
    return f"""\
<article id="{escape(mail.id)}">
  <header>
    <h2>{escape(mail.subject)}</h2>
    <dl>
      <div><dt>From</dt><dd>{escape(mail.sender)}</dd></div>
      <div><dt>To</dt><dd>{escape(", ".join(mail.recipients))}</dd></div>
      <div><dt>Sent</dt><dd><time datetime="{sent_at.isoformat(timespec="seconds")}">\
{sent_at:%Y-%m-%d %H:%M:%S}</time></dd></div>
    </dl>
  </header>
  <div class="bodies">
    <section>
      <h3>HTML</h3>
      <iframe sandbox="allow-same-origin" title="{escape(mail.subject)}"
        srcdoc="{escape(mail.html)}"></iframe>
    </section>
    <section>
      <h3>Text</h3>
      <pre>{escape(mail.text)}</pre>
    </section>
  </div>
</article>"""
