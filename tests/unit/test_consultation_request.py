from dataclasses import fields as dataclass_fields

import pytest

from consultations.consultation import Consultation
from consultations.consultation_request import ConsultationRequest, consultation_request
from consultations.field_errors import InvalidFieldsError
from consultations.language import translation
from tests.builders import CLINIC, a_request, fields


def codes(**changes: object) -> dict[str, str]:
    with pytest.raises(InvalidFieldsError) as refusal:
        a_request(**changes)
    return {error.field: error.code for error in refusal.value.errors}


@pytest.mark.parametrize("ticked", [True, "on", "true", "Yes", "1"])
def test_a_ticked_box_is_true_in_every_way_that_sites_send_it(ticked: object) -> None:
    assert a_request(may_leave_message=ticked).may_leave_message is True


@pytest.mark.parametrize("unticked", [False, "off", "false", "No", "0", "", ...])
def test_an_unticked_box_is_false(unticked: object) -> None:
    assert a_request(may_leave_message=unticked).may_leave_message is False


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("full_name", 7),
        ("full_name", ["Ana"]),
        ("full_name", {"S": "Ana"}),
        ("preferred_contact", 1),
        ("phone", 4805550123),
        ("email", True),
        ("may_leave_message", 1),
        ("may_leave_message", "maybe"),
        ("best_time", ["any"]),
        ("location", {"__proto__": {}}),
        ("age_18_plus", 1),
        ("interests", {"ptsd": True}),
        ("interests", [7]),
        ("message", False),
        ("consent_to_contact", "agreed"),
        ("submission_id", 7),
        ("form_opened_at", "yesterday"),
        ("form_opened_at", "2026-01-31T09:30:00"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_by_its_field(name: str, value: object) -> None:
    assert set(codes(**{name: value})) == {name}


@pytest.mark.parametrize("nothing", [None, "", "   ", "\u200b"])
def test_an_optional_field_that_shows_nothing_counts_as_not_given(nothing: object) -> None:
    request = a_request(email=nothing, message=nothing, best_time=nothing, homepage=nothing)

    assert (request.email, request.message, request.best_time) == (None, None, None)
    assert request.homepage is None


@pytest.mark.parametrize("nothing", [None, "", "   ", "\u200b", ...])
@pytest.mark.parametrize(
    "name", ["full_name", "preferred_contact", "phone", "location", "age_18_plus"]
)
def test_a_required_field_that_shows_nothing_is_missing(name: str, nothing: object) -> None:
    assert codes(**{name: nothing}) == {name: "missing"}


@pytest.mark.parametrize(
    ("preferred_contact", "missing"), [("call", "phone"), ("text", "phone"), ("email", "email")]
)
def test_the_way_to_reach_the_person_decides_what_is_needed(
    preferred_contact: str, missing: str
) -> None:
    assert codes(preferred_contact=preferred_contact, phone=..., email=...) == {missing: "missing"}


@pytest.mark.parametrize("name", ["Z", "Ana Maria de la Cruz Ejemplo", "3rd", "X Æ A-12"])
def test_no_name_is_too_odd(name: str) -> None:
    assert a_request(full_name=name).full_name == name


def test_lengths_are_counted_in_characters_not_in_bytes() -> None:
    assert a_request(full_name="é" * 200, message="好" * 2000).full_name == "é" * 200
    assert a_request(full_name="e\u0301" * 200).full_name == "e\u0301" * 200
    assert a_request(message="line\r\n" * 400).message is not None
    assert codes(full_name="é" * 201, message="好" * 2001) == {
        "full_name": "too_long",
        "message": "too_long",
    }


def test_an_error_says_the_limit_and_the_length() -> None:
    with pytest.raises(InvalidFieldsError) as refusal:
        a_request(message="x" * 2345)
    assert refusal.value.errors[0].detail(translation("en")) == (
        "Shorten your message to 2,000 characters; it has 2,345"
    )


def test_one_ticked_interest_may_come_alone_and_none_counts_twice() -> None:
    assert a_request(interests="crps").interests == ("crps",)
    assert a_request(interests=["crps", "ptsd", "crps"]).interests == ("crps", "ptsd")


@pytest.mark.parametrize("location", [*CLINIC.locations, "not_sure"])
def test_each_location_of_the_clinic_is_a_choice(location: str) -> None:
    assert a_request(location=location).location == location


@pytest.mark.parametrize("value", ["MESA", "Mesa", " mesa", "mesa\u200b"])
def test_choices_are_exact(value: str) -> None:
    assert codes(location=value) == {"location": "not_a_choice"}


def test_nothing_but_the_fields_of_the_form_is_accepted() -> None:
    with pytest.raises(InvalidFieldsError) as refusal:
        consultation_request(fields() | {"__proto__": {}, "Full_Name": "x"}, CLINIC)
    assert {error.field: error.code for error in refusal.value.errors} == {
        "__proto__": "unknown_field",
        "Full_Name": "unknown_field",
    }


def test_what_is_asked_is_what_is_stored() -> None:
    asked = {field.name for field in dataclass_fields(ConsultationRequest)}
    stored = {field.name for field in dataclass_fields(Consultation)}

    assert asked - stored == {"submission_id", "homepage", "form_opened_at"}
