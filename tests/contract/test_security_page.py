"""docs/security.md against the tests: every case is there, every test that it names exists."""

import ast
import re

from tests.template import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
TESTS = ROOT / "tests"


def test_every_abuse_case_has_its_row() -> None:
    rows = re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)

    assert [int(row) for row in rows] == list(range(1, 45))


def test_a_case_without_a_test_is_admitted() -> None:
    untested = [
        row.split("|")[1].strip()
        for row in PAGE.splitlines()
        if re.match(r"\| \d+ \|", row) and "::test_" not in row
    ]
    admitted = PAGE.partition("## What falls short")[2]

    assert all(re.search(rf"\b{number}\b", admitted) for number in untested)


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"`([a-z_]+/test_[a-z_]+\.py)::(test_[a-z0-9_]+)`", PAGE)

    assert named
    for path, name in named:
        tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
        functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert name in functions, f"{path}::{name}"
