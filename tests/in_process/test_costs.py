"""docs/costs.md is what the functions cost today."""

from collections import Counter

import pytest

from benchmarks.costs import (
    PAGE,
    PRICES,
    VOLUMES,
    Counted,
    Measured,
    item_bytes,
    measure,
    month,
    page,
    units_of_change,
)

ITEM = {"id": {"S": "a"}, "record": {"S": "consultation"}, "received_at": {"S": "2026-01-31"}}


@pytest.fixture(scope="module")
def measured() -> Measured:
    return measure()


def test_the_page_is_up_to_date(measured: Measured) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(measured), "make benchmark NAME=costs"


def test_a_submission_is_one_put_and_its_alert_one_mail(measured: Measured) -> None:
    assert measured.submission.calls == Counter(PutItem=1)
    assert measured.alert.calls["SendEmail"] == 1


def test_a_change_costs_a_unit_a_kib_and_one_for_each_entry_of_an_index() -> None:
    pending = ITEM | {"pending": {"S": "alert"}}
    large = ITEM | {"message": {"S": "x" * 1024}}

    assert units_of_change({}, {"a": ITEM}) == 1
    assert units_of_change({}, {"a": pending}) == 2
    assert units_of_change({"a": pending}, {"a": ITEM}) == 2
    assert units_of_change({"a": pending}, {"a": pending | {"pending": {"S": "digest"}}}) == 3
    assert units_of_change({"a": ITEM}, {"a": large}) == 2
    assert units_of_change({"a": ITEM}, {"a": ITEM}) == 0


def test_the_size_of_an_item_is_that_of_its_names_and_values() -> None:
    assert item_bytes({"é": {"S": "ñ"}, "n": {"N": "1234"}, "b": {"BOOL": True}}) == 4 + 4 + 2
    assert item_bytes({"l": {"L": [{"S": "ab"}]}}) == 1 + 3 + 3


def test_what_does_not_depend_on_submissions_is_paid_for_none() -> None:
    nothing = Counted()
    measured = Measured(
        visit=nothing, submission=nothing, alert=nothing, idle_retry=nothing, item_bytes=1000
    )

    without = month(0, measured)
    assert without["API Gateway"] == without["SES"] == without["DynamoDB"] == 0
    assert without["KMS"] == PRICES["key"].dollars
    assert month(VOLUMES[-1], measured)["API Gateway"] > month(VOLUMES[0], measured)["API Gateway"]
