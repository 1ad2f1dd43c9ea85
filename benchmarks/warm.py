"""What a warm request costs: python -m benchmarks.warm [--rounds 21 | --check].

Counted are the instructions of a request, by valgrind's callgrind, the connection answering from
memory: the same number each time on one machine, whatever else it does. Beside them the CPU time of
a request, over the same connection: each round starts every variant once, in another order. The
unit of both is one signed PutItem over http.client. Reports nothing if an answer was wrong; exits
with 1 if a request takes more instructions than benchmarks/budget.toml allows. With --check it does
only that, and writes nothing.
"""

import argparse
import os
import platform
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from benchmarks.cold import ENVIRONMENT, HERE, ROOT, build_layer
from benchmarks.results import Table, python_for_lambda, write_result
from layer_build.bytecode import LAMBDA_VERSION, find_python

FEW, MANY = 20, 60
TIMED = 2_000
"""Requests of one timed start, half of them to warm up."""
UNIT = "signed_put"
VARIANTS = {
    UNIT: HERE / "variants" / UNIT,
    "hello": HERE / "variants" / "hello",
    "submit": ROOT / "functions" / "submit_consultation",
}
CALLGRIND = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")


def answered(
    python: Path, code: Path, layer: Path, count: int, *, under: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """A run that answered this many requests. Raises CalledProcessError at a wrong answer."""
    return subprocess.run(
        [*under, python, HERE / "warm_workload.py", code, str(count)],
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


def instructions(python: Path, code: Path, layer: Path) -> float:
    """The instructions of one request: what many requests cost above few, without the start."""
    few, many = (
        int(re.findall(r"Collected : (\d+)", done.stderr)[0])
        for done in (answered(python, code, layer, n, under=CALLGRIND) for n in (FEW, MANY))
    )
    return (many - few) / (MANY - FEW)


def cpu_seconds(python: Path, layer: Path, rounds: int, *, seed: int) -> dict[str, float]:
    """The CPU time of one request of each variant, the median of the rounds."""
    order = random.Random(seed)  # noqa: S311 - an order, not a secret
    took: dict[str, list[float]] = {name: [] for name in VARIANTS}
    for _ in range(rounds):
        for name in order.sample(list(VARIANTS), len(VARIANTS)):
            took[name].append(float(answered(python, VARIANTS[name], layer, TIMED).stdout))
    return {name: statistics.median(seconds) for name, seconds in took.items()}


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check", action="store_true", help="only hold the budget")
    arguments = parser.parse_args()
    if arguments.check:
        check()
        return
    if shutil.which("valgrind") is None:
        sys.exit("This benchmark needs valgrind. Install it, for example from your distribution.")
    python = python_for_lambda()
    with tempfile.TemporaryDirectory() as scratch:
        layer = Path(scratch) / "python"
        build_layer(layer, platform.machine())
        counted = {name: instructions(python, code, layer) for name, code in VARIANTS.items()}
        cpu = cpu_seconds(python, layer, arguments.rounds, seed=arguments.seed)
    ratios = {name: count / counted[UNIT] for name, count in counted.items()}
    rows = [
        [name, f"{ratio:.2f}", f"{counted[name] / 1e6:.2f} million", f"{cpu[name] / cpu[UNIT]:.2f}"]
        for name, ratio in ratios.items()
    ]
    write_result(
        "warm",
        Table(["variant", "ratio", "instructions", "CPU"], rows),
        f"instructions by callgrind, CPU time of a request as a "
        f"ratio, medians of {arguments.rounds} rounds in shuffled order, in each of them "
        f"{TIMED // 2:,} requests after as many to warm up, the unit {cpu[UNIT] * 1e6:.0f} µs; "
        f"load of the machine {os.getloadavg()[1]:.1f}",
        unit="instructions of a warm request, as a ratio to a signed put over http.client",
        bars=ratios,
    )
    hold_budget(ratios["submit"])


def check() -> None:
    """Hold the instructions to their budget where they can be counted, else say that they were not.

    They depend on the Python, and the budget is that of Lambda's.
    """
    python = find_python()
    if python is None or shutil.which("valgrind") is None:
        print(f"Instructions: NOT counted. That needs valgrind and Python {LAMBDA_VERSION}.")
        return
    with tempfile.TemporaryDirectory() as scratch:
        layer = Path(scratch) / "python"
        build_layer(layer, platform.machine())
        unit, submit = (instructions(python, VARIANTS[name], layer) for name in (UNIT, "submit"))
    print(f"Instructions: a warm request takes {submit / unit:.2f} signed puts.")
    hold_budget(submit / unit)


def hold_budget(ratio: float) -> None:
    """Exit with 1 if a warm request takes more signed puts than it may."""
    budget = tomllib.loads((HERE / "budget.toml").read_text(encoding="utf-8"))
    if ratio > budget["submit"]["instructions"]:
        sys.exit("That is more than benchmarks/budget.toml allows.")


if __name__ == "__main__":
    main()
