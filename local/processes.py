"""Running other programs so that nothing of them is left when we are done."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from local.steps import failure

ROOT = Path(__file__).parents[1]
TOOLS = ROOT / ".venv-local" / "bin"
"""Where the emulator and the SAM CLI are: in an environment apart from the project's."""

STOP_SECONDS = 1
"""Enough to end in good order. The emulator keeps nothing, so it may as well be killed."""


@contextmanager
def running(
    command: Sequence[str], *, log: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """One of the tools with its output in `log`. Afterwards it and all that it started are gone."""
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)  # one that is still written to stays whole
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own commands, no shell
            [TOOLS / command[0], *command[1:]],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # A process group of its own: Ctrl-C reaches us alone, and we end the whole group.
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _end_group(process)


def complete(
    command: Sequence[str], *, log: Path, environment: Mapping[str, str], failed: str
) -> None:
    """Run one of the tools to its end. Raises StartError, beginning with `failed`."""
    with running(command, log=log, environment=environment) as process:
        if process.wait() != 0:
            raise failure(failed, log)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    _signal_group(process, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    _signal_group(process, signal.SIGKILL)
    process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a zombie
        os.killpg(process.pid, number)
