"""The layer as the build makes it, once for all tests here."""

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from layer_build.bytecode import find_python
from tests.template import ROOT


@dataclass(frozen=True, slots=True)
class Layer:
    """A built layer and a Python that can run it."""

    folder: Path
    python: Path

    def run(self, program: str, **environment: str) -> str:
        """What a program prints that sees this layer and nothing else of the project."""
        done = subprocess.run(
            [self.python, "-c", program],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(self.folder),
                "PYTHONDONTWRITEBYTECODE": "1",
                **environment,
            },
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def build(folder: Path) -> Layer:
    """Build with Lambda's Python where there is one, for this machine's kind of processor."""
    python = find_python()
    options = ["--machine", platform.machine()] if python else ["--here"]
    target = folder / "python"
    subprocess.run(
        [sys.executable, "-m", "layer_build", *options, target],
        check=True,
        cwd=ROOT / "layers",
        env={**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "pycache")},
    )
    return Layer(target, python or Path(sys.executable))


@pytest.fixture(scope="session")
def layer() -> Iterator[Layer]:
    """The built layer."""
    with TemporaryDirectory() as folder:
        yield build(Path(folder))
