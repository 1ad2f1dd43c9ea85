"""What a cold start costs: python -m benchmarks.cold [--rounds 21].

Each round starts every variant once, in another order, under the real Lambda runtime client on the
Python that Lambda runs, with a TLS endpoint that answers like AWS. Counted is CPU time, as a ratio
to `hello`: a hello world of boto3.client("dynamodb") and one put.
"""

import argparse
import base64
import json
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.aws_stub import Stub, aws_stub
from benchmarks.lambda_runtime import Cost, WrongAnswerError, cold_start
from benchmarks.results import Table, python_for_lambda, write_result
from tests.environment import ENVIRONMENT as TESTS

HERE = Path(__file__).parent
ROOT = HERE.parent
UNIT = "hello"
EVENTS = 2
CREATED = 201
SEND_EMAIL = "/v2/email/outbound-emails"


@dataclass(frozen=True, slots=True)
class Variant:
    """A function to start: its name, its code and the layer that it runs on."""

    name: str
    code: Path
    layer: Path | None
    environment: dict[str, str]
    call: str | None = "PutItem"
    """What it must have called once for each event."""


def variants(folder: Path, python: Path, stub: Stub) -> list[Variant]:
    """All variants, their code and layers prepared in `folder`."""
    full = folder / "full" / "python"
    trimmed = folder / "ours" / "python"
    install(python, full)
    bare = folder / "uncompiled" / "python"
    shutil.copytree(full, bare)
    compile_all(python, full)
    build_layer(trimmed, platform.machine())
    roots = trimmed / "consultations" / "amazon_roots.pem"
    roots.write_bytes(roots.read_bytes() + stub.certificate)
    bundle = folder / "bundle.pem"
    bundle.write_bytes((full / "botocore" / "cacert.pem").read_bytes() + stub.certificate)
    common = {"AWS_ENDPOINT_URL": stub.url, "AWS_CA_BUNDLE": str(bundle), "TABLE_NAME": "table"}
    return [
        Variant("bare", _code(folder, python, "bare"), None, common, None),
        Variant(
            "floor", _code(folder, python, "floor"), None, {**common, "AWS_CA_BUNDLE": str(roots)}
        ),
        Variant("hello", _code(folder, python, "hello"), full, common),
        Variant("hello, no bytecode", HERE / "variants" / "hello", bare, common),
        Variant("usual", _code(folder, python, "usual"), full, common | _POWERTOOLS),
        Variant(
            "submit", our_code(folder, python, "submit_consultation"), trimmed, common | ENVIRONMENT
        ),
        Variant(
            "alert",
            our_code(folder, python, "alert_staff"),
            trimmed,
            common | ENVIRONMENT,
            SEND_EMAIL,
        ),
    ]


_POWERTOOLS = {"POWERTOOLS_SERVICE_NAME": "benchmark", "POWERTOOLS_METRICS_NAMESPACE": "benchmark"}
# As the tests have it, but traced and with the roots of the built layer, like a deployed function.
ENVIRONMENT = {
    name: value for name, value in TESTS.items() if name != "POWERTOOLS_TRACE_DISABLED"
} | {**_POWERTOOLS, "TRUSTED_ROOTS": "amazon"}


def event(name: str) -> dict[str, Any]:
    """What is handled: the sample of a post, or one record of the table's stream.

    For `usual`, which leaves base64 to the gateway, as text.
    """
    if name == "alert":
        return stream_event(["7K2Q-XM4D-9TPA"])
    posted: dict[str, Any] = json.loads((ROOT / "events" / "post_json.json").read_text())
    if name == "usual":
        posted["body"] = base64.b64decode(posted["body"]).decode()
        posted["isBase64Encoded"] = False
    return posted


def stream_event(ids: Sequence[str]) -> dict[str, Any]:
    """The sample of a stream's records, one for each of these consultations."""
    sample = json.loads((ROOT / "events" / "stream_records.json").read_text())["Records"][0]
    records = []
    for number, id_ in enumerate(ids):
        record = json.loads(json.dumps(sample))
        record["dynamodb"]["Keys"]["id"]["S"] = id_
        record["dynamodb"]["SequenceNumber"] = str(number)
        records.append(record)
    return {"Records": records}


def is_right(answer: dict[str, Any]) -> bool:
    """Whether a post was answered as stored, or no record of a batch has to come again."""
    return answer == {"batchItemFailures": []} or answer.get("statusCode") == CREATED


def install(python: Path, target: Path) -> None:
    """Install the libraries as they are published, without bytecode."""
    subprocess.run(
        [
            *(python, "-m", "pip", "install", "-q", "--no-compile", "--require-hashes"),
            *("-r", ROOT / "layers" / "requirements.txt", "--target", target),
        ],
        check=True,
    )


def compile_all(python: Path, folder: Path) -> None:
    """Add bytecode that is never checked, beside the code and not in a cache of ours."""
    subprocess.run(
        [python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", folder],
        check=True,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPYCACHEPREFIX"},
    )


def build_layer(target: Path, machine: str) -> None:
    """Build the layer as it is deployed, for this kind of processor."""
    subprocess.run(
        [sys.executable, "-m", "layer_build", "--machine", machine, target],
        check=True,
        cwd=ROOT / "layers",
    )


def _code(folder: Path, python: Path, name: str, source: Path | None = None) -> Path:
    target = folder / "code" / name
    shutil.copytree(source or HERE / "variants" / name, target)
    compile_all(python, target)
    return target


def our_code(folder: Path, python: Path, name: str) -> Path:
    """A copy of one of our functions, with bytecode."""
    return _code(folder, python, name, ROOT / "functions" / name)


def measure(rounds: int, *, seed: int) -> dict[str, list[Cost]]:
    """The cost of each variant in each round."""
    python = python_for_lambda()
    costs: dict[str, list[Cost]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with aws_stub(folder) as stub:
            candidates = variants(folder, python, stub)
            order = random.Random(seed)  # noqa: S311 - an order, not a secret
            for _ in range(rounds):
                for variant in order.sample(candidates, len(candidates)):
                    costs.setdefault(variant.name, []).append(_start(variant, python, stub))
    return costs


def _start(variant: Variant, python: Path, stub: Stub) -> Cost:
    stub.calls.clear()
    cost = cold_start(
        python=python,
        task_root=variant.code,
        layer=variant.layer,
        events=[event(variant.name)] * EVENTS,
        environment=variant.environment,
        right=is_right,
    )
    if variant.call and stub.calls[variant.call] != EVENTS:
        raise WrongAnswerError(f"{variant.name} called {dict(stub.calls)}")
    return cost


def table(costs: dict[str, list[Cost]]) -> Table:
    """Medians, as ratios to the unit's."""

    def median(name: str, figure: str) -> float:
        return float(statistics.median(getattr(cost, figure) for cost in costs[name]))

    cold = median(UNIT, "cold_ms")
    memory = median(UNIT, "peak_kib")
    rows = [
        [
            name,
            f"{median(name, 'cold_ms') / cold:.2f}",
            f"{median(name, 'first_ms') / cold:.3f}",
            f"{median(name, 'peak_kib') / memory:.2f}",
        ]
        for name in costs
    ]
    heads = ["variant", "cold start", "first request after init", "peak memory"]
    return Table(heads, sorted(rows, key=lambda row: float(row[1])))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    measured = measure(arguments.rounds, seed=arguments.seed)
    rows = table(measured)
    write_result(
        "cold",
        rows,
        f"{arguments.rounds} rounds, medians, CPU time",
        unit="CPU of a cold start, as a ratio to a boto3 hello world",
        bars={row[0]: float(row[1]) for row in rows.rows},
    )
