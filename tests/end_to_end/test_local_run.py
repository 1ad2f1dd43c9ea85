"""`make run`, as the person at the terminal and the one in the browser have it."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

from local.emulator import HOST
from local.mailbox import Mail
from local.mailbox_page import page
from local.processes import ROOT
from tests.builders import EVENTS
from tests.end_to_end.deployment import PATIENCE_SECONDS, Deployment, eventually, exchange

SAMPLE = EVENTS / "consultation_request.json"


@contextmanager
def local_run(port: int, folder: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "local.run", "--port", str(port), "--folder", folder],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": "layers"},  # as in the Makefile
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def page_at(address: str) -> str:
    with urlopen(address, timeout=5) as answer:  # noqa: S310 - on this machine
        return str(answer.read().decode())


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def test_one_command_runs_it_and_ctrl_c_leaves_nothing(
    deployment: Deployment, free_ports: int
) -> None:
    # In the folder of the other stack, where everything is built already.
    addresses_file = deployment.folder / "stack.json"
    with local_run(free_ports, deployment.folder) as process:
        eventually(lambda: addresses_file.exists() or process.poll() is not None, "the addresses")
        addresses = json.loads(addresses_file.read_text())
        answer = exchange(
            addresses["consultations_url"],
            "POST",
            SAMPLE.read_bytes(),
            {"Content-Type": "application/json"},
        )
        assert answer.status == 201
        reference = answer.document["id"]
        eventually(lambda: reference in page_at(addresses["mailbox_url"]), "the alert on the page")

        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode == 0
    assert addresses["consultations_url"] in output
    assert addresses["mailbox_url"] in output
    assert not addresses_file.exists()
    assert not is_open(free_ports)
    assert not is_open(free_ports + 1)


def test_a_taken_port_is_named_with_what_to_do(tmp_path: Path, free_ports: int) -> None:
    with socket.create_server((HOST, free_ports + 1)), local_run(free_ports, tmp_path) as process:
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode == 1
    assert f"Port {free_ports + 1} is taken" in output
    assert "make run PORT=" in output
    assert "Traceback" not in output


def test_nothing_in_a_mail_becomes_part_of_the_mailbox_page() -> None:
    typed = "</pre></title>\"'><script>alert(1)</script>"
    mail = Mail(
        id="1",
        sender=typed,
        recipients=(typed,),
        subject=typed,
        text=typed,
        html=typed,
        sent_at=datetime.now(UTC),
    )

    assert "<script>alert" not in page([mail], nonce="n")
    assert "'><script" not in page([mail], nonce="n")
