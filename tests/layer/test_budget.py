"""What a JSON post costs in things that can be counted, held to benchmarks/budget.toml."""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.environment import ENVIRONMENT
from tests.layer.conftest import Layer
from tests.layer.test_layer import zipped
from tests.template import ROOT

BUDGET = tomllib.loads((ROOT / "benchmarks" / "budget.toml").read_text(encoding="utf-8"))

LIBRARIES = {
    "aws_lambda_powertools",
    "boto3",
    "botocore",
    "consultations",
    "dateutil",
    "jmespath",
    "phonenumbers",
    "pydantic_core",
    "s3transfer",
    "six",
    "typing_extensions",
    "urllib3",
}
"""All that a JSON post may import beside Python's own library."""

HEAVY = {
    "asyncio",
    "botocore.docs.bcdoc",
    "boto3.s3.inject",
    "consultations.alerting",
    "consultations.form_script",
    "consultations.mailer",
    "consultations.pages",
    "email.generator",
    "gettext",
    "html.parser",
    "http.server",
    "multiprocessing",
    "phonenumbers.carrier",
    "phonenumbers.geocoder",
    "phonenumbers.timezone",
    "s3transfer.futures",
    "sqlite3",
    "tomllib",
    "unittest",
    "zoneinfo",
}
"""Modules that cost milliseconds and that a JSON post has no use for. Jinja2, pydantic, multipart
and the tracer are no longer among LIBRARIES."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """What starting one function and answering its first and a warm request took."""

    modules: frozenset[str]
    files_opened: int
    warm_calls: float


def footprint(layer: Layer, folder: str) -> Footprint:
    done = subprocess.run(
        # -S: with the libraries of the layer, and none that this Python has of its own.
        [layer.python, "-S", ROOT / "benchmarks" / "footprint.py", ROOT / folder],
        capture_output=True,
        text=True,
        check=False,
        env={
            **ENVIRONMENT,
            "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
            "PATH": os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
            "PYTHONPATH": os.pathsep.join([str(layer.folder), str(ROOT)]),
        },
    )
    assert done.returncode == 0, done.stderr
    counted = json.loads(done.stdout)
    steps = counted["start"], counted["first"]
    return Footprint(
        modules=frozenset(name for step in steps for name in step["modules"]),
        files_opened=sum(step["opened"] for step in steps),
        warm_calls=counted["warm_calls"],
    )


@pytest.fixture(scope="session")
def submit(layer: Layer) -> Footprint:
    """The function that receives posts."""
    return footprint(layer, "functions/submit_consultation")


@pytest.fixture(scope="session")
def hello(layer: Layer) -> Footprint:
    """The hello world that stores the body with boto3."""
    return footprint(layer, "benchmarks/variants/hello")


def test_a_post_costs_no_more_than_the_budget(
    submit: Footprint, hello: Footprint, measured: Callable[[str], None]
) -> None:
    costs = {
        "warm_calls": submit.warm_calls / hello.warm_calls,
        "modules": len(submit.modules) / len(hello.modules),
        "files_opened": submit.files_opened / hello.files_opened,
    }
    measured("a JSON post against hello: " + ", ".join(f"{k} {v:.3f}" for k, v in costs.items()))

    budget = BUDGET["submit"]
    assert {name: cost for name, cost in costs.items() if cost > budget[name]} == {}


def test_the_layer_is_no_larger_than_the_budget(
    layer: Layer, measured: Callable[[str], None]
) -> None:
    size = len(zipped(layer))
    measured(f"the layer, zipped: {size / 1e6:.2f} MB")

    assert size <= BUDGET["layer"]["zip_bytes"]


def test_a_json_post_imports_nothing_that_it_has_no_use_for(submit: Footprint) -> None:
    top = {name.partition(".")[0] for name in submit.modules}

    assert "consultations.submission" in submit.modules
    assert top - set(sys.stdlib_module_names) - {"handler"} == LIBRARIES
    assert submit.modules & HEAVY == set()
