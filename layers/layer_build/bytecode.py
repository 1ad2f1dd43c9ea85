"""Bytecode of the Python that Lambda runs: without it each cold start compiles everything."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

LAMBDA_VERSION = "3.13"
_WHERE_LAMBDA_PUTS_LAYERS = "/opt/python"


def find_python() -> Path | None:
    """A Python of Lambda's version on this machine; None if there is none that runs."""
    question = "import sys; print('%d.%d' % sys.version_info[:2])"
    for candidate in _candidates():
        asked = subprocess.run(  # noqa: S603 - a Python that the engineer installed
            [candidate, "-c", question], capture_output=True, text=True, check=False
        )
        if asked.stdout.strip() == LAMBDA_VERSION:
            return Path(candidate)
    return None


def add(target: Path, python: Path | None) -> None:
    """Compile the folder with this Python, or say what it costs that there is none.

    The bytecode is of the unchecked kind (PEP 552): Lambda's files never change, and are not
    looked at to find that out.
    """
    if python is None:
        sys.stderr.write(
            f"No Python {LAMBDA_VERSION} is here, so the layer has no bytecode. It works, but\n"
            f"a cold start takes twice as long. Install Python {LAMBDA_VERSION}, build again.\n"
        )
        return
    # A cache elsewhere is for whoever develops; the bytecode of the layer goes into the layer.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPYCACHEPREFIX"}
    subprocess.run(  # noqa: S603 - as above
        [
            *(python, "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"),
            *("-s", target, "-p", _WHERE_LAMBDA_PUTS_LAYERS, target),
        ],
        check=True,
        env={**environment, "PYTHONHASHSEED": "0"},
    )


def _candidates() -> Iterator[str]:
    yield sys.executable
    if found := shutil.which(f"python{LAMBDA_VERSION}"):
        yield found
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for python in sorted(pyenv.glob(f"{LAMBDA_VERSION}*/bin/python"), reverse=True):
        yield str(python)
    if uv := shutil.which("uv"):
        managed = subprocess.run(  # noqa: S603 - the engineer's uv
            [uv, "python", "find", "--no-python-downloads", LAMBDA_VERSION],
            capture_output=True,
            text=True,
            check=False,
        )
        if managed.returncode == 0:
            yield managed.stdout.strip()
