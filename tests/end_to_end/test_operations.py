"""The engineer's commands as they are typed, against the deployed stack."""

import json
import subprocess
import sys

from local.aws import tool_environment
from local.processes import ROOT
from local.stack import STACK_NAME
from tests.end_to_end.deployment import Deployment

NOT_ON_THE_EMULATOR = {"encryption", "recovery", "expiry"}
"""What it leaves out of a table; a contract test holds the template to it."""

AS_DEPLOYED = {
    *("credentials", "stack", "outputs", "functions", "settings", "table", "deletion"),
    *("mail events", "event rule", "stream", "schedules"),
}
"""What no other test changes."""


def command(deployment: Deployment, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "operations", *arguments, "--stack", STACK_NAME],
        cwd=ROOT,
        env=tool_environment(deployment.stack.emulator.url) | {"PYTHONPATH": "layers"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_doctor_reads_the_whole_deployment(deployment: Deployment) -> None:
    result = command(deployment, "doctor", "--json")

    findings = json.loads(result.stdout)["findings"]
    states = {each["topic"]: each["state"] for each in findings}
    assert "unknown" not in states.values(), findings
    assert {topic for topic in AS_DEPLOYED if states[topic] != "ok"} == set()
    assert {states[topic] for topic in NOT_ON_THE_EMULATOR} == {"problem"}
    assert result.returncode == 1


def test_a_request_is_listed_and_shown_without_the_person(deployment: Deployment) -> None:
    reference = deployment.received(full_name="Ana Ejemplo", homepage="https://spam.test")

    held = json.loads(command(deployment, "list", "held", "--limit", "1000", "--json").stdout)
    shown = command(deployment, "show", reference)

    assert reference in {each["reference"] for each in held["requests"]}
    assert "quarantined" in shown.stdout
    assert "Ana" not in json.dumps(held) + shown.stdout + shown.stderr
    assert (shown.returncode, "Traceback" in shown.stderr) == (0, False)
