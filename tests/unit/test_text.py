import pytest
from hypothesis import given
from hypothesis import strategies as st

from consultations.text import as_line, as_lines, is_blank, length, without_links


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abc", 3),
        ("e\u0301", 1),
        ("a\r\nb", 3),
        ("a\nb", 3),
        ("👩🏽", 2),
    ],
)
def test_length_is_what_a_person_would_count(text: str, expected: int) -> None:
    assert length(text) == expected


@pytest.mark.parametrize("text", ["", " ", "\t\r\n", "\u200b\u200d", "\u202e", "\x00", "\u00a0"])
def test_what_shows_nothing_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["a", ".", "👍", " x "])
def test_what_shows_something_is_not_blank(text: str) -> None:
    assert not is_blank(text)


def test_a_shown_line_holds_no_line_break_and_no_reordering() -> None:
    assert as_line("Ana\r\nBcc: x\u202egnp.exe\x00") == "Ana Bcc: xgnp.exe\ufffd"


def test_shown_lines_keep_their_breaks() -> None:
    assert as_lines("one\r\ntwo\rthree\u2028four") == "one\ntwo\nthree\nfour"


@given(st.text())
def test_a_shown_line_never_breaks(text: str) -> None:
    assert len(as_line(text).splitlines()) <= 1


@pytest.mark.parametrize(
    "typed", ["https://evil.test/x", "www.evil.test", "evil.test", "a@evil.test", "http://1.2.3.4"]
)
def test_no_link_is_left_whole(typed: str) -> None:
    shown = without_links(f"see {typed} now")

    assert typed not in shown
    assert shown.replace("\u200b", "") == f"see {typed} now"


@given(st.text())
def test_breaking_links_only_adds_zero_width_spaces(text: str) -> None:
    assert without_links(text).replace("\u200b", "") == text.replace("\u200b", "")
