"""A bounded run of the coverage-guided fuzzer; tests/fuzz/bodies.py says how to run more."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders import fields, urlencoded
from tests.template import ROOT

SECONDS = 10
EVERYTHING = {
    "email": "ana@example.com",
    "interests": ["ptsd", "crps"],
    "message": "It hurts. \u2028\u202e https://example.com/a",
    "submission_id": "0b1f7c3e-5a52-4d1f-9c38-2f8a6d0e4b17",
    "form_opened_at": "2026-01-31T16:29:00Z",
}


def seeds(folder: Path) -> None:
    """Valid bodies to start from, one in each encoding."""
    form = fields(**EVERYTHING)
    parts = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in form.items()
    )
    (folder / "json").write_bytes(b"\x00" + json.dumps(form).encode())
    (folder / "urlencoded").write_bytes(b"\x01" + urlencoded(**EVERYTHING))
    (folder / "multipart").write_bytes(b"\x02" + f"{parts}--b--\r\n".encode())


@pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="there is no Atheris for this machine"
)
def test_no_body_that_the_fuzzer_finds_is_answered_by_an_error(
    tmp_path: Path, measured: Callable[[str], None]
) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    seeds(corpus)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.fuzz.bodies", f"-max_total_time={SECONDS}"),
            *("-seed=1", "-max_len=20000", "-timeout=5", "-verbosity=1"),
            *(f"-artifact_prefix={tmp_path}/", str(corpus)),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'layers'}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS + 60,
    )

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    outcome = re.search(r"Done (\d+) runs", done.stderr)
    assert outcome, done.stderr[-4000:]
    runs = int(outcome[1])
    assert runs > 1_000
    kept = len(list(corpus.iterdir()))
    measured(f"fuzzing: {runs:,} bodies in {SECONDS} s, {kept} of them reached new code, 0 errors")
