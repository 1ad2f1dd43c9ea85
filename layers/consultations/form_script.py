"""form.js, which puts the form on a clinic's own site, and the tag that loads it.

Run as a program with the address of the API it prints the tag.
"""

import hashlib
import sys
from base64 import b64encode
from functools import cache
from pathlib import Path

from consultations.http_request import HttpRequest
from consultations.http_response import HttpResponse

_FILE = Path(__file__).with_name("form.js")


@cache
def _source() -> str:
    return _FILE.read_text(encoding="utf-8")


@cache
def integrity() -> str:
    """The hash that a browser checks the script against (W3C Subresource Integrity)."""
    return "sha384-" + b64encode(hashlib.sha384(_source().encode()).digest()).decode()


def script(request: HttpRequest) -> HttpResponse:
    """The script; 304 to a browser that has it (RFC 9110 section 13.1.2)."""
    etag = f'"{integrity()}"'
    response = HttpResponse.script(_source(), etag)
    # Weakly compared: a proxy that compresses marks the tag as weak.
    known = {tag.strip().removeprefix("W/") for tag in request.header("if-none-match").split(",")}
    return response.not_modified() if etag in known else response


ELEMENT = "<div data-consultation-form></div>"
"""Where a site wants the form; it comes in the language that the element or the page has."""


def tag(form_url: str) -> str:
    """The script tag for a site, with the hash that pins this version of the script."""
    return (
        f'<script src="{form_url.rstrip("/")}/form.js" integrity="{integrity()}" '
        "crossorigin defer></script>"
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and its one argument
        sys.exit("Give the address of the form, the output FormUrl of the stack.")
    sys.stdout.write(f"{tag(sys.argv[1])}\n{ELEMENT}\n")
