"""The AWS emulator: a program on this machine that the real template is deployed to.

What it needs to be told is here. It listens on the loopback interface only, and neither it nor
the functions that it runs see the caller's environment.
"""

import http.client
import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from local.processes import TOOLS, running
from local.steps import StartError, failure

HOST = "127.0.0.1"
HEALTHY_WITHIN_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        """Its address, the same for every AWS service."""
        return f"http://{HOST}:{self.port}"

    def get(self, path: str) -> Any:  # noqa: ANN401 - a JSON document
        """What it says about itself under this path. Raises OSError if it does not answer."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=5)
        try:
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()

    def workers(self, function: str) -> list[int]:
        """The processes that run the function whose name contains this."""
        listing = subprocess.run(
            ["/bin/ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
        ).stdout
        rows = [line.split(maxsplit=2) for line in listing.splitlines()]
        return [
            int(row[0]) for row in rows if row[1] == str(self.process.pid) and function in row[2]
        ]

    def wait(self) -> None:
        """Block as long as it runs. Raises StartError when it stops by itself."""
        self.process.wait()
        raise failure("The emulator stopped by itself.", self.log)


@contextmanager
def running_emulator(
    *, port: int, folder: Path, functions: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Emulator]:
    """The emulator on this port, answering. Raises StartError if it does not start.

    `functions` are further variables for the environment of the functions.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "emulator.log"
    with (
        tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as private,
        running(
            ["ministack"], log=log, environment={**_environment(port, private), **functions}
        ) as process,
    ):
        emulator = Emulator(port, process, log)
        _wait_until_healthy(emulator)
        yield emulator


def require_free_port(port: int) -> None:
    """Raises StartError if something else listens on this port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise StartError(
                f"Port {port} is taken by another program. Stop that one, or choose other ports: "
                f"make run PORT={port + 10}"
            ) from None


def _environment(port: int, private: str) -> dict[str, str]:
    """All that the emulator sees; the functions inherit it."""
    return {
        "AWS_EC2_METADATA_DISABLED": "true",
        "BIND_HOST": HOST,
        "DOCKER_HOST": f"unix://{private}/no-docker.sock",  # it would remove containers at start
        "GATEWAY_PORT": str(port),
        "HOME": private,
        "IOT_MTLS_ENABLED": "0",
        "LANG": "C.UTF-8",
        "PATH": f"{TOOLS}{os.pathsep}{os.defpath}",
        "S3_DATA_DIR": f"{private}/s3",
        "SFTP_ENABLED": "0",
        "STATE_DIR": f"{private}/state",
        "TMPDIR": private,
        "TZ": "UTC",  # as on Lambda
    }


def _wait_until_healthy(emulator: Emulator) -> None:
    deadline = time.monotonic() + HEALTHY_WITHIN_SECONDS
    while time.monotonic() < deadline and emulator.process.poll() is None:
        try:
            emulator.get("/_ministack/health")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise failure("The emulator did not start.", emulator.log)
