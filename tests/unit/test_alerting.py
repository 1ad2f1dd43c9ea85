"""Times that have to fit into each other."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from consultations.alerting import (
    LEASE,
    LONGEST_DELIVERY,
    LONGEST_SPACING,
    spacing,
    time_for_another,
)
from consultations.aws import dynamodb_client, sesv2_client, sns_client, sqs_client
from consultations.mailer import TRIES
from tests.template import functions

if TYPE_CHECKING:
    from botocore.config import Config


def longest_call(client: Any, tries: int | None = None) -> float:  # noqa: ANN401 - any client
    """In seconds, with the pauses between tries, of at most 1, 2, 4 ... (botocore, standard)."""
    config: Config = client.meta.config
    settings: dict[str, Any] = vars(config)
    tries = tries or settings["retries"]["total_max_attempts"]
    pauses = sum(2.0**number for number in range(tries - 1))
    return float(tries * (settings["connect_timeout"] + settings["read_timeout"]) + pauses)


def test_a_delivery_takes_no_longer_than_is_said() -> None:
    claim = mark = longest_call(dynamodb_client())
    pauses_of_ours = sum(2.0**number for number in range(1, TRIES))
    mail = TRIES * longest_call(sesv2_client()) + pauses_of_ours
    letter = longest_call(sqs_client())

    assert claim + 2 * mail + letter + mark <= LONGEST_DELIVERY.total_seconds()


def test_a_claim_outlasts_a_delivery() -> None:
    assert LONGEST_DELIVERY < LEASE


def test_ses_is_never_asked_twice_by_the_client_itself() -> None:
    assert vars(sesv2_client().meta.config)["retries"]["total_max_attempts"] == 1


@pytest.mark.parametrize("name", ["AlertStaffFunction", "RetryAlertsFunction"])
def test_the_functions_that_deliver_have_time_for_it(name: str) -> None:
    timeout = timedelta(seconds=functions()[name]["Timeout"])

    assert timeout > LONGEST_DELIVERY
    assert time_for_another(int(timeout / timedelta(milliseconds=1)))
    assert not time_for_another(int(LONGEST_DELIVERY / timedelta(milliseconds=1)))


def test_the_submit_function_outlasts_its_one_call() -> None:
    assert functions()["SubmitConsultationFunction"]["Timeout"] > longest_call(dynamodb_client())


def test_the_one_who_records_mail_events_outlasts_both_of_its_calls() -> None:
    needed = longest_call(dynamodb_client()) + longest_call(sns_client())

    assert functions()["RecordMailEventFunction"]["Timeout"] > needed


def test_the_schedule_comes_back_before_a_run_could_still_go_on() -> None:
    assert functions()["RetryAlertsFunction"]["Timeout"] < 5 * 60


def test_the_time_between_tries_doubles_up_to_half_an_hour() -> None:
    minutes = [spacing(attempt) / timedelta(minutes=1) for attempt in (1, 2, 3, 4, 5, 6, 7, 1000)]

    assert minutes == [1, 2, 4, 8, 16, 30, 30, 30]
    assert timedelta(minutes=30) == LONGEST_SPACING
