"""The mutants still break the lines that they are about; `make mutants` runs each of them."""

import ast

import pytest

from tests.simulation.mutants import MUTANTS, Mutant
from tests.template import ROOT


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_mutant_changes_one_place_and_is_a_program(mutant: Mutant) -> None:
    source = (ROOT / mutant.file).read_text(encoding="utf-8")

    assert mutant.applied(source) != source
    assert ast.parse(mutant.applied(source))
