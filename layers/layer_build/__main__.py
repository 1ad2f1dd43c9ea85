"""Fills the layer's folder `python`."""

import argparse
import sys
import tempfile
from pathlib import Path

from layer_build import bytecode, compiled, libraries, trim

SOURCES = Path(__file__).parent.parent


def build(target: Path, *, machine: str | None) -> None:
    """Build the layer for Lambda on `machine`, or with None for this machine and this Python."""
    libraries.install(target, machine=machine)
    libraries.copy_package(SOURCES / "consultations", target)
    if machine is None:
        compiled.write(target / "consultations", libraries=target)
    else:
        with tempfile.TemporaryDirectory() as scratch:
            libraries.install(Path(scratch), machine=None)
            libraries.copy_package(SOURCES / "consultations", Path(scratch))
            compiled.write(target / "consultations", libraries=Path(scratch))
    trim.trim(target)
    bytecode.add(target, bytecode.find_python() if machine else Path(sys.executable))
    libraries.set_times(target)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python3 -m layer_build", description=__doc__)
    parser.add_argument("target", type=Path, help="the folder to fill")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--machine", default="aarch64", help="Lambda's: aarch64 (arm64) or x86_64")
    where.add_argument("--here", action="store_true", help="for this machine, not for Lambda")
    arguments = parser.parse_args()
    build(arguments.target, machine=None if arguments.here else arguments.machine)
