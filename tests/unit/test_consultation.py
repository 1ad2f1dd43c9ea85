from hypothesis import given
from hypothesis import strategies as st

from consultations.consultation import consultation_id


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(codec="ascii")))
def test_an_id_is_three_groups_without_letters_that_look_like_digits(key: str, salt: str) -> None:
    groups = consultation_id(key, salt).split("-")

    assert [len(group) for group in groups] == [4, 4, 4]
    assert set("".join(groups)) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def test_an_id_depends_on_all_of_the_key_and_on_the_salt() -> None:
    assert consultation_id("key", "salt") == consultation_id("key", "salt")
    assert consultation_id("key", "salt") != consultation_id("kez", "salt")
    assert consultation_id("key", "salt") != consultation_id("key", "salz")


def test_many_keys_have_many_ids() -> None:
    assert len({consultation_id(str(number), "salt") for number in range(20_000)}) == 20_000
