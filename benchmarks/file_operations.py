"""What a cold start asks the file system: python -m benchmarks.file_operations.

Counted are system calls, by strace, from the start of the interpreter to the answer of the first
request. On Lambda each of them goes to the file system of the layer, where none is for nothing.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.cold import ENVIRONMENT, HERE, ROOT, build_layer, compile_all, install
from benchmarks.results import Table, python_for_lambda, write_result

UNIT = "hello"
KINDS = {
    "openat": "opened",
    "stat": "asked about",
    "newfstatat": "asked about",
    "statx": "asked about",
    "getdents64": "folders listed",
}
HEADS = ("opened", "asked about", "folders listed")


def operations(python: Path, code: Path, layer: Path, trace: Path) -> Counter[str]:
    """The calls of one start and one request. Raises CalledProcessError at a wrong answer."""
    subprocess.run(
        [
            *("strace", "-f", "-qq", "-o", trace, "-e", f"trace={','.join(KINDS)}"),
            *(python, HERE / "warm_workload.py", code, "1"),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(map(str, (layer, ROOT))),
            "PYTHONDONTWRITEBYTECODE": "1",
            **ENVIRONMENT,
            "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        },
    )
    called = re.findall(r"(?m)^\d+ +(\w+)\(", trace.read_text(errors="replace"))
    return Counter(KINDS[name] for name in called if name in KINDS)


def main() -> None:
    """Count and write the table."""
    if shutil.which("strace") is None:
        sys.exit("This benchmark needs strace. Install it, for example from your distribution.")
    python = python_for_lambda()
    with tempfile.TemporaryDirectory() as scratch:
        full, trimmed = Path(scratch) / "full", Path(scratch) / "trimmed"
        install(python, full)
        compile_all(python, full)
        build_layer(trimmed, platform.machine())
        counted = {
            name: operations(python, code, layer, Path(scratch) / "trace")
            for name, (code, layer) in {
                UNIT: (HERE / "variants" / UNIT, full),
                "hello, on our layer": (HERE / "variants" / UNIT, trimmed),
                "submit": (ROOT / "functions" / "submit_consultation", trimmed),
            }.items()
        }
    totals = {name: counts.total() for name, counts in counted.items()}
    rows = [
        [
            name,
            f"{totals[name] / totals[UNIT]:.2f}",
            *(f"{counts[head]:,}" for head in HEADS),
        ]
        for name, counts in counted.items()
    ]
    write_result(
        "file_operations",
        Table(["variant", "ratio", *HEADS], rows),
        "strace, one start and one request",
        unit="file operations of a start and a request, as a ratio to a boto3 hello world",
        bars={name: total / totals[UNIT] for name, total in totals.items()},
    )


if __name__ == "__main__":
    main()
