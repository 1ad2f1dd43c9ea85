import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consultations.field_errors import InvalidFieldsError
from consultations.form import read_form
from consultations.language import translation
from consultations.problem import Problem
from tests.builders import an_http_request

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"


def read(body: bytes | str, content_type: str = "application/json") -> dict[str, Any]:
    return read_form(an_http_request(body, content_type=content_type), {"interests"})


def part(name: str, value: str) -> str:
    return f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)


@given(st.dictionaries(st.text(st.characters(codec="ascii"), min_size=1), TEXT, max_size=9))
def test_the_same_fields_come_out_of_json_and_of_a_form(fields: dict[str, str]) -> None:
    fields.pop("interests", None)
    assert read(json.dumps(fields)) == fields
    assert read(json.dumps(fields, ensure_ascii=False)) == fields
    assert read(urlencode(fields), FORM) == fields


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,9}", fullmatch=True), TEXT, max_size=9))
def test_the_same_fields_come_out_of_multipart(fields: dict[str, str]) -> None:
    fields.pop("interests", None)
    body = "".join(part(name, value) for name, value in fields.items()) + "--b--\r\n"
    assert read(body, MULTIPART) == fields


def test_a_repeatable_field_is_a_list_even_if_sent_once() -> None:
    assert read("interests=a", FORM) == {"interests": ["a"]}
    assert read("interests=a&interests=b", FORM) == {"interests": ["a", "b"]}
    assert read(f"{part('interests', 'a')}{part('interests', 'b')}--b--\r\n", MULTIPART) == {
        "interests": ["a", "b"]
    }


@given(st.binary(max_size=400), st.sampled_from(["application/json", FORM, MULTIPART]))
def test_any_bytes_are_read_or_refused_with_a_reason(body: bytes, content_type: str) -> None:
    try:
        outcome: object = read(body, content_type)
    except (Problem, InvalidFieldsError) as refused:
        outcome = refused

    match outcome:
        case dict() | InvalidFieldsError():
            pass
        case Problem() as problem:
            assert problem.status in (400, 413)
            assert problem.detail(translation("en"))
        case _:
            pytest.fail("neither read nor refused")


def refusal(body: bytes | str, content_type: str) -> Problem:
    with pytest.raises(Problem) as refused:
        read(body, content_type)
    return refused.value


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("a=%FF", FORM),
        (b"a=\xff", FORM),
        ("a=1&a=2", FORM),
        ("&".join(f"f{number}=" for number in range(65)), FORM),
        ("nothing", MULTIPART),
        ("--b\r\n", MULTIPART),
        (part("a", "1") + part("a", "2") + "--b--\r\n", MULTIPART),
        ("--b--\r\n", "multipart/form-data"),
        (json.dumps({f"f{number}": 1 for number in range(65)}), "application/json"),
        ('{"a": {"b": 1, "b": 2}}', "application/json"),
        ('{"a": -Infinity}', "application/json"),
        ('{"a": ' + "9" * 5_000 + "}", "application/json"),
        ('{"\\udc00": 1}', "application/json"),
        ("null", "application/json"),
        ('"text"', "application/json"),
    ],
)
def test_what_can_not_be_read_without_guessing_is_refused(
    body: bytes | str, content_type: str
) -> None:
    assert refusal(body, content_type).status == 400


def test_the_limit_counts_what_was_typed_not_how_a_browser_writes_it() -> None:
    longest = "好" * 2_000
    assert read(urlencode({"message": longest}), FORM) == {"message": longest}
    assert refusal(f"a={'b' * 16_384}", FORM).status == 413
    assert refusal(f"a={'%41' * 16_384}", FORM).status == 413
    assert refusal(f"a={'b' * 60_000}", FORM).status == 413
    assert refusal(part("a", "b" * 16_384) + "--b--\r\n", MULTIPART).status == 413


@pytest.mark.parametrize(
    "content_type", ["Application/JSON", "application/json; charset=utf-8", "application/json;"]
)
def test_the_content_type_is_read_as_http_defines_it(content_type: str) -> None:
    assert read('{"a": "1"}', content_type) == {"a": "1"}
