import pytest

from consultations.contact_details import e164, email_address


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("(480) 555-0123", "+14805550123"),
        ("480.555.0123", "+14805550123"),
        ("1 480 555 0123", "+14805550123"),
        ("+1-480-555-0123", "+14805550123"),
        ("480-555-0123 ext 5", "+14805550123"),
        ("\u200b480\u2060 555 0123\u202c", "+14805550123"),
        ("+44 20 7946 0123", "+442079460123"),
        ("٤٨٠ ٥٥٥ ٠١٢٣", "+14805550123"),
    ],
)
def test_a_number_that_could_ring_is_read_however_it_is_written(typed: str, expected: str) -> None:
    assert e164(typed) == expected


@pytest.mark.parametrize("typed", ["555-0123", "123", "call me", "", "480 555 01234567890", "+"])
def test_a_number_that_could_not_ring_is_none(typed: str) -> None:
    assert e164(typed) is None


@pytest.mark.parametrize(
    "typed",
    [
        "ana@example.com",
        "ana.ejemplo+clinic@mail.example.com",
        "o'brien_sample@example.com",
        "józef@example.com",
        "ana@bücher.example",
        "用户@例子.example",
        f"{'a' * 64}@example.com",
    ],
)
def test_an_address_that_could_work_is_kept_as_typed(typed: str) -> None:
    assert email_address(typed) == typed


def test_invisible_characters_of_a_paste_are_not_part_of_an_address() -> None:
    assert email_address(" \u200bana@\u202dexample.com\ufeff\n") == "ana@example.com"


@pytest.mark.parametrize(
    "typed",
    [
        "ana",
        "ana@",
        "@example.com",
        "ana@example",
        "ana@@example.com",
        "ana@example..com",
        ".ana@example.com",
        "ana..b@example.com",
        "ana@-example.com",
        "ana b@example.com",
        "ana@127.0.0.1",
        "ana@example.com, bob@example.com",
        "Ana <ana@example.com>",
        "ana@example.com\r\nBcc: bob@example.com",
        f"{'a' * 65}@example.com",
        f"ana@{'a' * 250}.com",
        f"ana@{'a' * 64}.com",
    ],
)
def test_an_address_that_could_not_work_is_none(typed: str) -> None:
    assert email_address(typed) is None
