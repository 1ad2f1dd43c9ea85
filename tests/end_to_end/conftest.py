"""The stack, deployed once for all tests here, on ports and in a folder of their own."""

import socket
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from local.emulator import HOST
from local.stack import running_stack
from tests.end_to_end.deployment import Deployment

ORIGINS = ("https://www.example.com", "http://localhost:8080")
HEARTBEAT_ADDRESS = "heartbeat@example.com"


@pytest.fixture(scope="session")
def deployment() -> Iterator[Deployment]:
    """The product as `sam build` and `sam deploy` make it of template.yaml."""
    with (
        # Not one of pytest's, which stay: the layer is thousands of files.
        TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        running_stack(
            port=_free_port(),
            folder=Path(folder),
            allowed_origins=ORIGINS,
            # The tests are quicker than any person.
            parameters={
                "ThrottleRate": "1000",
                "ThrottleBurst": "1000",
                "AlertBudget": "100000",  # each request is looked for in a mail of its own
                "ContactAlertBudget": "100000",
                "HeartbeatAddress": HEARTBEAT_ADDRESS,
            },
        ) as stack,
    ):
        yield Deployment(stack, Path(folder))


@pytest.fixture
def free_ports() -> int:
    """The first of two ports in a row that nobody uses."""
    return next(port for port in iter(_free_port, None) if _is_free(port + 1))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) != 0
