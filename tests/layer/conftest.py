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


@pytest.fixture(scope="session")
def layers() -> Iterator[tuple[Layer, Layer]]:
    """The layer built twice at the same time, with Lambda's Python where there is one."""
    python = find_python()
    options = ["--machine", platform.machine()] if python else ["--here"]
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        folders = [Path(one) / "python", Path(other) / "python"]
        builds = [
            subprocess.Popen(
                [sys.executable, "-m", "layer_build", *options, folder], cwd=ROOT / "layers"
            )
            for folder in folders
        ]
        assert [build.wait() for build in builds] == [0, 0]
        first, second = (Layer(folder, python or Path(sys.executable)) for folder in folders)
        yield first, second


@pytest.fixture(scope="session")
def layer(layers: tuple[Layer, Layer]) -> Layer:
    """The built layer."""
    return layers[0]
