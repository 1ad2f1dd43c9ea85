"""The libraries, from wheels with pinned hashes, and the package itself."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).parent.parent / "requirements.txt"

_LAMBDA = (
    "--implementation=cp",
    "--python-version=3.13",
    "--only-binary=:all:",
)
"""What Lambda runs, whichever Python builds it: wheels only, none of their code is executed."""

_EPOCH = 315_532_800
"""1 January 1980, the first time that a zip file can hold."""


def install(target: Path, *, machine: str | None) -> None:
    """Install the pinned libraries into a folder, for Lambda on `machine` or for this Python.

    Raises CalledProcessError.
    """
    lambda_options = (f"--platform=manylinux2014_{machine}", *_LAMBDA) if machine else ()
    subprocess.run(  # noqa: S603 - pip of this interpreter
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--no-compile", "--require-hashes", "--requirement", REQUIREMENTS),
            *("--target", target),
            *lambda_options,
        ],
        check=True,
    )


def copy_package(package: Path, target: Path) -> None:
    """Copy a package into the folder, without bytecode of another Python."""
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(package, target / package.name, ignore=ignored)


def set_times(target: Path) -> None:
    """Give every file the same time and mode, so that the same sources make the same zip."""
    for path in sorted(target.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (_EPOCH, _EPOCH))
    os.utime(target, (_EPOCH, _EPOCH))
