"""The API against its own description, by a tool that nobody here wrote."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from consultations.http_response import DESCRIPTION_FILE
from tests.end_to_end.deployment import Deployment
from tests.template import ROOT

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "40"))
HERE = Path(__file__).parent


def test_the_description_is_served_as_it_is_committed(deployment: Deployment) -> None:
    answer = deployment.request("GET", path="/openapi.json")

    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert "max-age" in answer.headers["cache-control"]
    assert answer.body == DESCRIPTION_FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_another_method_is_answered_with_those_that_there_are(
    deployment: Deployment, method: str
) -> None:
    answer = deployment.request(method, X_HTTP_Method_Override="POST")

    assert answer.status == 405
    assert answer.headers["allow"] == "OPTIONS, POST"


def test_every_answer_is_one_that_the_description_promises(
    deployment: Deployment, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    report = tmp_path / "report.json"
    url = deployment.url("")
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from schemathesis.cli import schemathesis as s; s()"),
            *("--config-file", str(HERE / "schemathesis.toml")),
            *("run", deployment.url("/openapi.json"), "--url", url, "--checks", "all"),
            *("--max-examples", str(EXAMPLES), "--seed", "1", "--continue-on-failure"),
            *("--workers", "2", "--no-color", "--report", "json"),
            *("--report-json-path", str(report)),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'layers'}",
            "SCHEMATHESIS_HOOKS": "tests.end_to_end.schemathesis_hooks",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )

    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    cases = json.loads(report.read_text(encoding="utf-8"))["test_cases"]
    assert cases["generated"] > EXAMPLES
    measured(
        f"Schemathesis, all checks: {cases['generated']:,} requests, "
        f"{cases['with_failures']} failures"
    )
