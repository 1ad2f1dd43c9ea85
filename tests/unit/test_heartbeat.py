"""Nobody outside can make a submission count as the deployment's own."""

from datetime import timedelta

import pytest

from consultations.heartbeat import VALID_FOR, is_proven, proof
from tests.builders import NOW, SALT

KEY = "00000000-0000-4000-8000-000000000001"
PROOF = proof(KEY, salt=SALT, at=NOW)


def test_its_own_proof_is_believed() -> None:
    assert is_proven(PROOF, KEY, salt=SALT, now=NOW)
    assert is_proven(PROOF, KEY, salt=SALT, now=NOW + VALID_FOR)


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("", KEY),
        ("true", KEY),
        ("1", KEY),
        (PROOF, None),
        (PROOF, KEY.replace("1", "2")),
        (PROOF[:-1] + ("0" if PROOF[-1] != "0" else "1"), KEY),
        (PROOF.replace(".", ""), KEY),
        (f"9{PROOF}", KEY),
        (f"²{PROOF}", KEY),
        (f"{PROOF}é", KEY),
        ("9" * 9_000 + ".", KEY),  # more digits than Python turns into a number
        (f"{'9' * 9_000}.{PROOF.partition('.')[2]}", KEY),
        (proof(KEY, salt="another", at=NOW), KEY),
    ],
)
def test_anything_else_is_a_person(header: str, key: str | None) -> None:
    assert not is_proven(header, key, salt=SALT, now=NOW)


@pytest.mark.parametrize("late", [VALID_FOR + timedelta(seconds=1), -VALID_FOR * 2])
def test_a_proof_of_another_time_is_not_believed(late: timedelta) -> None:
    assert not is_proven(PROOF, KEY, salt=SALT, now=NOW + late)
