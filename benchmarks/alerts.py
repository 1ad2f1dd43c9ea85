"""What a burst of alerts takes: python -m benchmarks.alerts [--rounds 15].

The alert function handles batches of the stream against an endpoint whose SES takes 25 ms for each
mail. Reported is the time of a batch, as it is and as a ratio to one call of SES, and how many AWS
calls each alert made. A batch counts only if each of its consultations was mailed exactly once.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from benchmarks.aws_stub import Stub, aws_stub
from benchmarks.cold import ENVIRONMENT, HERE, ROOT, build_layer, stream_event
from benchmarks.lambda_runtime import WrongAnswerError
from benchmarks.results import Table, python_for_lambda, write_result

SES_SECONDS = 0.025
STREAM_BATCH = 10
"""BatchSize of the function's event source in template.yaml."""
SIZES = (1, STREAM_BATCH, 100)


@dataclass(frozen=True, slots=True)
class Batch:
    """One handled burst: how long it took from its first record to its last answer."""

    took_ms: float
    calls: Counter[str]


class _Function:
    """The alert function in a process of its own, warm from one batch to the next."""

    def __init__(self, *, python: Path, layer: Path, stub: Stub) -> None:
        self._stub = stub
        process = subprocess.Popen(
            [python, HERE / "alerts_workload.py", ROOT / "functions" / "alert_staff"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(layer),
                "PYTHONDONTWRITEBYTECODE": "1",
                **ENVIRONMENT,
                "AWS_ENDPOINT_URL": stub.url,
                "POWERTOOLS_TRACE_DISABLED": "true",  # its daemon is a part of Lambda
                # More than a burst may have: here it is the sending that is measured.
                "ALERT_BUDGET": "100000",
                "CONTACT_ALERT_BUDGET": "100000",
            },
        )
        self._process = process
        self._events, self._answers = cast(IO[str], process.stdin), cast(IO[str], process.stdout)

    def handle(self, ids: list[str]) -> Batch:
        """Let it alert about these, in batches as the stream makes them.

        Raises WrongAnswerError unless each was mailed once.
        """
        self._stub.calls.clear()
        self._stub.mails.clear()
        took_ms = 0.0
        for start in range(0, len(ids), STREAM_BATCH):
            answer = self._ask(stream_event(ids[start : start + STREAM_BATCH]))
            took_ms += answer
        if sorted(self._stub.mails) != sorted(ids):
            raise WrongAnswerError(f"mailed {len(self._stub.mails)} of {len(ids)}")
        return Batch(took_ms, Counter(self._stub.calls))

    def _ask(self, event: dict[str, object]) -> float:
        self._events.write(json.dumps(event) + "\n")
        self._events.flush()
        handled = json.loads(self._answers.readline())
        if handled["answer"] != {"batchItemFailures": []}:
            raise WrongAnswerError(f"alert_staff answered {handled['answer']}")
        return float(handled["took_ms"])

    def end(self) -> None:
        """Stop it."""
        self._process.kill()
        self._process.communicate()


def measure(rounds: int) -> tuple[dict[int, list[Batch]], list[float]]:
    """The batches of each size, and the first batch of ten of a new process in each round."""
    python = python_for_lambda()
    batches: dict[int, list[Batch]] = {size: [] for size in SIZES}
    first: list[float] = []
    with tempfile.TemporaryDirectory() as scratch:
        layer = Path(scratch) / "python"
        build_layer(layer, platform.machine())
        with aws_stub(Path(scratch), ses_seconds=SES_SECONDS) as stub:
            roots = layer / "consultations" / "amazon_roots.pem"
            roots.write_bytes(roots.read_bytes() + stub.certificate)
            for number in range(rounds):
                function = _Function(python=python, layer=layer, stub=stub)
                try:
                    first.append(function.handle(_ids(STREAM_BATCH, f"F{number}")).took_ms)
                    for size in SIZES:
                        batches[size].append(function.handle(_ids(size, f"{size}-{number}")))
                finally:
                    function.end()
    return batches, first


def _ids(count: int, prefix: str) -> list[str]:
    return [f"{prefix}-{number}" for number in range(count)]


def table(batches: dict[int, list[Batch]], first: list[float]) -> Table:
    """Medians of the rounds."""
    ses_ms = SES_SECONDS * 1000

    def row(name: str, times: list[float], calls: str) -> list[str]:
        median = statistics.median(times)
        return [
            name,
            f"{median / ses_ms:.2f}",
            f"{median:.0f} ({min(times):.0f} to {max(times):.0f})",
            calls,
        ]

    rows = [row("10, the first of a new process", first, "")]
    for size, handled in batches.items():
        counted = handled[0].calls
        listed = ", ".join(f"{count} {name}" for name, count in sorted(counted.items()))
        rows.append(
            row(
                str(size),
                [batch.took_ms for batch in handled],
                f"{counted.total() / size:.1f} ({listed})",
            )
        )
    return Table(["alerts", "SES calls long", "ms", "AWS calls for each"], rows)


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    rows = table(*measure(arguments.rounds))
    write_result(
        "alerts",
        rows,
        f"{arguments.rounds} rounds, medians (fastest to slowest), SES takes 25 ms for each mail",
        unit="time of a burst of alerts, in calls of SES",
        bars={row[0]: float(row[1]) for row in rows.rows},
    )


if __name__ == "__main__":
    main()
