"""`make run`: the whole product on this machine, with a page that shows the mail it sends."""

import argparse
import json
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from consultations import form_script
from local.aws import KEY, REGION
from local.emulator import require_free_port
from local.mailbox_page import serving_mailbox
from local.processes import ROOT
from local.stack import STACK_NAME, Stack, running_stack
from local.steps import StartError, say
from local.website import serving_website

SAMPLE = ROOT / "events" / "consultation_request.json"

PORTS = range(1024, 65534)
"""Without those that need privileges, and with room for the two that follow."""


def main() -> str | None:
    """Run until Ctrl-C; what went wrong if the stack could not be started."""
    parser = argparse.ArgumentParser(prog="python -m local.run", description=__doc__)
    parser.add_argument("--port", type=_port, default=8780, help="the first of three ports")
    parser.add_argument(
        "--folder", type=Path, default=ROOT / ".local", help="for what is built, logs, addresses"
    )
    parser.add_argument(
        "parameters", nargs="*", type=_parameter, metavar="NAME=VALUE", help="of template.yaml"
    )
    arguments = parser.parse_args()
    _stop_on_signals()
    try:
        run(arguments.port, arguments.folder, dict(arguments.parameters))
    except StartError as error:
        return f"\n{error}"
    except KeyboardInterrupt:
        say("\nStopped. Nothing of it is running any more.")
    return None


def run(port: int, folder: Path, parameters: dict[str, str]) -> None:
    """Start everything, say where it is, and keep it running. Raises StartError."""
    for each in (port, port + 1, port + 2):
        require_free_port(each)
    # Where the example website is served from, by either name of this machine.
    origins = [f"http://localhost:{port + 2}", f"http://127.0.0.1:{port + 2}"]
    with ExitStack() as running:
        stack = running.enter_context(
            running_stack(port=port, folder=folder, allowed_origins=origins, parameters=parameters)
        )
        mailbox_url = running.enter_context(serving_mailbox(port=port + 1, emulator=stack.emulator))
        website_url = running.enter_context(serving_website(port=port + 2, form_url=stack.form_url))
        running.enter_context(_addresses(folder / "stack.json", stack, mailbox_url, website_url))
        _welcome(stack, mailbox_url, website_url)
        stack.emulator.wait()


@contextmanager
def _addresses(file: Path, stack: Stack, mailbox_url: str, website_url: str) -> Iterator[None]:
    """The addresses in a file for other programs, there as long as they are good."""
    addresses = {
        "form_url": stack.form_url,
        "consultations_url": stack.consultations_url,
        "mailbox_url": mailbox_url,
        "website_url": website_url,
        "emulator_url": stack.emulator.url,
        "table_name": stack.table_name,
        "stack_name": STACK_NAME,
        "allowed_origins": stack.allowed_origins,
    }
    file.write_text(json.dumps(addresses, indent=2) + "\n", encoding="utf-8")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def _welcome(stack: Stack, mailbox_url: str, website_url: str) -> None:
    post = (
        f"curl -i {shlex.quote(stack.consultations_url)} \\\n"
        "    -H 'Content-Type: application/json' \\\n"
        f"    --data-binary @{shlex.quote(str(SAMPLE))}"
    )
    look = (
        f"AWS_ENDPOINT_URL={stack.emulator.url} AWS_DEFAULT_REGION={REGION} \\\n"
        f"    AWS_ACCESS_KEY_ID={KEY} AWS_SECRET_ACCESS_KEY={KEY} \\\n"
        f"    ./consultations list all --stack {STACK_NAME}"
    )
    say(f"""
  Form            {stack.form_url}
  Example site    {website_url}
  Staff mailbox   {mailbox_url}
  Form endpoint   {stack.consultations_url}

On a site of your own, one script and one empty element show the form:

  {form_script.tag(stack.form_url)}
  {form_script.ELEMENT}

Fill it in, or post a request from another terminal, then look at the mailbox:

  {post}

Sent again, the same request is answered again, but it is kept once and alerts once.
Look at what is stored with the engineer's commands:

  {look}

Nothing leaves this machine. Ctrl-C stops everything and forgets it.""")


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) not in PORTS:
        raise argparse.ArgumentTypeError(f"{text} is not a port from {PORTS[0]} to {PORTS[-1]}")
    return int(text)


def _parameter(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name.isidentifier():
        raise argparse.ArgumentTypeError(f"{text} is not like AlertDetail=full")
    return name, value


def _stop_on_signals() -> None:
    """Make every polite way to end this program stop what it started, once."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in numbers:
        signal.signal(number, stop)


if __name__ == "__main__":
    sys.exit(main())
