"""What the build writes down of the model means the same as the model."""

from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import SchemaValidator, ValidationError

from consultations.consultation_request import FIELD_NAMES
from consultations.validator import request_schema
from layer_build.write_compiled import schema_source
from tests.builders import CLINIC, fields


def compiled() -> SchemaValidator:
    module: dict[str, Any] = {}
    exec(schema_source(), module)  # noqa: S102 - the source that the build writes
    return SchemaValidator(module["SCHEMA"])


COMPILED = compiled()
MODEL = SchemaValidator(request_schema())


def outcome(validator: SchemaValidator, given_fields: dict[str, Any]) -> object:
    try:
        return validator.validate_python(given_fields, context=CLINIC)
    except ValidationError as error:
        return error.errors(include_url=False)


def values() -> st.SearchStrategy[Any]:
    told = [value for value in fields().values() if value is not ...]
    words = ["", "on", "off", "call", "text", "email", "any", "mesa", "ptsd", "search", "es", "1"]
    scalars = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=40),
        st.sampled_from([*told, *words, "ana@example.com", "480-555-0123", "x" * 2001]),
        st.datetimes().map(str), st.uuids().map(str),
    )  # fmt: skip
    return st.one_of(scalars, st.lists(scalars, max_size=3), st.just({"a": 1}))


def some_fields() -> Iterator[st.SearchStrategy[dict[str, Any]]]:
    names = st.sampled_from([*sorted(FIELD_NAMES), "status", "__proto__"])
    changes = st.dictionaries(names, values(), max_size=6)
    yield changes
    yield changes.map(lambda changed: {"phone": None, "email": None} | fields() | changed)


@settings(max_examples=4_000, deadline=None)
@given(st.one_of(*some_fields()))
def test_the_compiled_validator_answers_as_the_model_does(given_fields: dict[str, Any]) -> None:
    assert repr(outcome(COMPILED, given_fields)) == repr(outcome(MODEL, given_fields))


def test_both_accept_a_valid_request() -> None:
    valid = {"phone": None, "email": None} | fields()

    assert outcome(COMPILED, valid) == outcome(MODEL, valid)
    assert "ConsultationRequest" in repr(outcome(COMPILED, valid))
