"""What the sources mean, written down: the validator's schema and the clinic's configuration."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("write_compiled.py")


def write(package: Path, *, libraries: Path) -> None:
    """Write the package's module `built`, with libraries that this Python can import.

    Exits with the sentence that names the entry if the clinic's configuration has a mistake.
    """
    done = subprocess.run(  # noqa: S603 - a program of ours
        [sys.executable, PROGRAM, package],
        check=False,
        env={**os.environ, "PYTHONPATH": str(libraries), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    if done.returncode:
        sys.exit(done.returncode)
