"""What is deployed: small, compiled ahead, complete, and the same each time."""

import ast
import hashlib
import re
import zipfile
from io import BytesIO

import pytest

from layer_build.trim import OPERATIONS
from tests.layer.conftest import Layer
from tests.template import ROOT, functions, variables

ZIP_MAX_BYTES = 9 * 1024 * 1024
FUNCTIONS = functions()

IMPORT = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("handler", sys.argv[1] if len(sys.argv) > 1 else PATH)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
print(callable(module.lambda_handler))
"""


def zipped(layer: Layer) -> bytes:
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(layer.folder.rglob("*")):
            archive.write(path, path.relative_to(layer.folder.parent))
    return content.getvalue()


def environment(logical_id: str) -> dict[str, str]:
    """Something for each variable that a function gets."""
    names = variables(FUNCTIONS[logical_id])
    special = {
        "ALERT_DETAIL": "contact",
        "SENDER_ADDRESS": "alerts@example.com",
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "TRUSTED_ROOTS": "amazon",
    }
    return {name: special.get(name, "1") for name in names} | {"AWS_DEFAULT_REGION": "us-east-1"}


@pytest.mark.parametrize("logical_id", FUNCTIONS)
def test_every_function_starts_on_the_built_layer(layer: Layer, logical_id: str) -> None:
    code = ROOT / str(FUNCTIONS[logical_id]["CodeUri"]) / "handler.py"
    program = f"PATH = {str(code)!r}\n{IMPORT}"

    assert layer.run(program, **environment(logical_id)).splitlines()[-1] == "True"


def test_every_module_has_bytecode_of_the_python_that_runs_it(layer: Layer) -> None:
    tag = layer.run("import sys; print(sys.implementation.cache_tag)").strip()
    modules = list(layer.folder.rglob("*.py"))

    assert len(modules) > 500
    for module in modules:
        bytecode = module.parent / "__pycache__" / f"{module.stem}.{tag}.pyc"
        assert bytecode.is_file(), module
        # PEP 552: flags 0b01 are those of a hash that is not checked.
        assert bytecode.read_bytes()[4:8] == b"\x01\x00\x00\x00"


def called_operations() -> set[str]:
    """The operations that the functions call on a client, by their names in the AWS APIs."""
    files = [*(ROOT / "layers" / "consultations").glob("*.py"), *(ROOT / "functions").rglob("*.py")]
    found: set[str] = set()
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if not ast.unparse(node.func.value).endswith("_client"):
                continue
            name = node.func.attr
            if name == "get_paginator":
                (argument,) = node.args
                assert isinstance(argument, ast.Constant)
                name = str(argument.value)
            found.add("".join(word.capitalize() for word in name.split("_")))
    return found


def test_just_the_operations_that_are_called_are_kept(layer: Layer) -> None:
    kept = {name for service, names in OPERATIONS.items() if service != "xray" for name in names}
    # Only the engineer's commands read the whole table; no function does, none may, and each would
    # pay for knowing how with every cold start.
    assert kept == called_operations() - {"Scan"}

    program = f"""
import boto3
for service, names in {OPERATIONS!r}.items():
    known = set(boto3.client(service, region_name="us-east-1").meta.method_to_api_mapping.values())
    assert known == names, (service, known)
print("ok")
"""
    assert layer.run(program).strip() == "ok"


def test_the_certificate_authorities_are_those_of_amazon(layer: Layer) -> None:
    roots = (layer.folder / "consultations" / "amazon_roots.pem").read_text(encoding="utf-8")

    assert len(re.findall("BEGIN CERTIFICATE", roots)) == 5
    assert len(re.findall('Label: "Amazon Root CA [1-4]"', roots)) == 4


def test_every_library_keeps_its_licence(layer: Layer) -> None:
    kept = {path.name.split("-")[0].lower() for path in (layer.folder / "licences").iterdir()}
    pinned = re.findall(r"(?m)^([a-z0-9-]+)", (ROOT / "layers/requirements.txt").read_text())

    assert {name.replace("-", "_") for name in pinned} <= kept
    assert (layer.folder / "licences" / "CHANGES").is_file()


def test_nothing_is_left_that_only_a_developer_reads(layer: Layer) -> None:
    assert not list(layer.folder.rglob("*.pyi"))
    assert not list(layer.folder.rglob("*.dist-info"))
    assert not list(layer.folder.rglob("tests"))


def test_two_builds_are_the_same_small_zip(layers: tuple[Layer, Layer]) -> None:
    first, second = map(zipped, layers)

    assert hashlib.sha256(first).hexdigest() == hashlib.sha256(second).hexdigest()
    assert len(first) <= ZIP_MAX_BYTES
