"""Which memory size to choose: python -m benchmarks.memory [--rounds 11].

Lambda gives a function CPU in proportion to its memory, one processor at 1,769 MB (AWS Lambda
Developer Guide, "Configure Lambda function memory"); while it starts it is taken to have a whole
one, whatever its memory. From the CPU time of a start, a first and a warm request, measured here,
follows what a person would wait and what a million requests would cost. The processor is this
machine's, so the curve counts and not its height; DynamoDB is taken to answer within 5 ms.
"""

import argparse
import platform
import statistics
import tempfile
from pathlib import Path

from benchmarks.aws_stub import aws_stub
from benchmarks.cold import ENVIRONMENT, build_layer, event, is_right, our_code
from benchmarks.lambda_runtime import Cost, cold_start
from benchmarks.results import Table, python_for_lambda, write_result

SIZES_MB = (128, 256, 512, 1024, 1769)
ONE_PROCESSOR_MB = 1769
DYNAMODB_MS = 5
WARM = 20
DOLLARS_PER_GB_SECOND = 0.0000133334
DOLLARS_PER_MILLION = 0.20
"""Prices of Lambda on arm64 in us-east-1 (https://aws.amazon.com/lambda/pricing/, 2026)."""


def measure(rounds: int) -> list[Cost]:
    """Starts of the submit function, each with a first and some warm requests."""
    python = python_for_lambda()
    with tempfile.TemporaryDirectory() as scratch:
        layer = Path(scratch) / "layer"
        build_layer(layer, platform.machine())
        code = our_code(Path(scratch), python, "submit_consultation")
        with aws_stub(Path(scratch)) as stub:
            roots = layer / "consultations" / "amazon_roots.pem"
            roots.write_bytes(roots.read_bytes() + stub.certificate)
            return [
                cold_start(
                    python=python,
                    task_root=code,
                    layer=layer,
                    events=[event("submit")] * (1 + WARM),
                    environment={**ENVIRONMENT, "AWS_ENDPOINT_URL": stub.url},
                    right=is_right,
                )
                for _ in range(rounds)
            ]


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    arguments = parser.parse_args()
    costs = measure(arguments.rounds)
    start = statistics.median(cost.init_ms for cost in costs)
    first = statistics.median(cost.first_ms for cost in costs)
    warm = statistics.median(ms for cost in costs for ms in cost.requests_ms[-WARM // 2 :])
    peak_mb = max(cost.peak_kib for cost in costs) / 1024
    rows, waits = [], {}
    for size in SIZES_MB:
        slower = ONE_PROCESSOR_MB / size
        cold_ms = start + first * slower + DYNAMODB_MS
        warm_ms = warm * slower + DYNAMODB_MS
        rows.append(
            [
                f"{size:,} MB",
                f"{cold_ms:.0f}",
                f"{warm_ms:.0f}",
                f"{_dollars(size, cold_ms):.2f}",
                f"{_dollars(size, warm_ms):.2f}",
            ]
        )
        waits[f"{size:,} MB"] = cold_ms
    heads = ["memory", "cold, ms", "warm, ms", "a million cold, $", "a million warm, $"]
    how = (
        f"{arguments.rounds} rounds, medians. CPU: start {start:.0f} ms, first request "
        f"{first:.1f} ms, warm request {warm:.1f} ms; at most {peak_mb:.0f} MB in use"
    )
    write_result("memory", Table(heads, rows), how, unit="ms of a cold post", bars=waits)


def _dollars(size_mb: int, took_ms: float) -> float:
    gb_seconds = size_mb / 1024 * took_ms / 1000 * 1_000_000
    return gb_seconds * DOLLARS_PER_GB_SECOND + DOLLARS_PER_MILLION


if __name__ == "__main__":
    main()
