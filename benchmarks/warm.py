"""What a warm request costs: python -m benchmarks.warm.

Counted are the instructions of a request, by valgrind's callgrind, the connection answering from
memory: the same number each time on one machine, whatever else it does. The unit is one signed
PutItem over http.client. Exits with 1 if a request takes more than benchmarks/budget.toml allows.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from benchmarks.cold import ENVIRONMENT, HERE, ROOT, build_layer
from benchmarks.results import Table, python_for_lambda, write_result

FEW, MANY = 20, 60
UNIT = "signed_put"


def instructions(python: Path, code: Path, layer: Path, count: int) -> int:
    """All instructions of a run with this many requests."""
    done = subprocess.run(
        [
            *("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"),
            *(python, HERE / "warm_workload.py", code, str(count)),
        ],
        capture_output=True,
        text=True,
        check=True,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(map(str, (layer, ROOT))),
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "benchmark",
            "AWS_SECRET_ACCESS_KEY": "benchmark",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
            **ENVIRONMENT,
        },
    )
    (collected,) = re.findall(r"Collected : (\d+)", done.stderr)
    return int(collected)


def per_request(python: Path, code: Path, layer: Path) -> float:
    """The instructions of one request: what many runs cost above few, without the start."""
    few, many = (instructions(python, code, layer, count) for count in (FEW, MANY))
    return (many - few) / (MANY - FEW)


def main() -> None:
    """Measure and write the table."""
    if shutil.which("valgrind") is None:
        sys.exit("This benchmark needs valgrind. Install it, for example from your distribution.")
    python = python_for_lambda()
    with tempfile.TemporaryDirectory() as scratch:
        layer = Path(scratch) / "python"
        build_layer(layer, platform.machine())
        figures = {
            name: per_request(python, code, layer)
            for name, code in {
                UNIT: HERE / "variants" / UNIT,
                "hello": HERE / "variants" / "hello",
                "submit": ROOT / "functions" / "submit_consultation",
            }.items()
        }
    rows = [
        [name, f"{figure / figures[UNIT]:.2f}", f"{figure / 1e6:.2f} million"]
        for name, figure in figures.items()
    ]
    write_result(
        "warm",
        Table(["variant", "ratio", "instructions"], rows),
        "callgrind",
        unit="instructions of a warm request, as a ratio to a signed put over http.client",
        bars={name: figure / figures[UNIT] for name, figure in figures.items()},
    )
    budget = tomllib.loads((HERE / "budget.toml").read_text(encoding="utf-8"))
    if figures["submit"] / figures[UNIT] > budget["submit"]["instructions"]:
        sys.exit("That is more than benchmarks/budget.toml allows.")


if __name__ == "__main__":
    main()
