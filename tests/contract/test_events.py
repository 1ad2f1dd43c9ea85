"""events/ holds samples that are used, none that only lies there."""

from tests.template import ROOT


def test_every_event_is_used_by_a_test() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
    files = sorted(path.name for path in (ROOT / "events").iterdir())

    assert files
    assert [name for name in files if f'"{name}"' not in tests] == []
