"""What doctor calls late, missing or complete is what the template does."""

from datetime import timedelta

from operations.checks import delivery, mail, round_trip, storage
from operations.stack import ALIAS
from tests.in_process.deployed_account import OUTPUTS, PARAMETERS
from tests.template import resource, template


def test_what_is_late_for_an_alarm_is_late_for_doctor() -> None:
    pending, heartbeat = resource("OldestPendingAlertAlarm"), resource("HeartbeatAlarm")

    assert timedelta(seconds=pending["Threshold"]) == delivery.LATE
    periods = timedelta(seconds=heartbeat["Period"] * heartbeat["EvaluationPeriods"])
    assert periods == delivery.HEARTBEAT_EVERY


def test_a_test_submission_is_waited_for_as_long_as_its_function_runs() -> None:
    assert resource("SendHeartbeatFunction")["Timeout"] == round_trip.FUNCTION_SECONDS


def test_the_events_of_mail_are_those_that_the_template_asks_for() -> None:
    asked = resource("AlertMailEvents")["EventDestination"]["MatchingEventTypes"]

    assert {"".join(f"_{c}" if c.isupper() else c for c in kind).upper() for kind in asked} == (
        mail.EVENTS
    )


def test_the_table_expires_by_the_attribute_that_doctor_looks_for() -> None:
    settings = resource("ConsultationsTable")["TimeToLiveSpecification"]

    assert settings["AttributeName"] == storage.EXPIRES_AT


def test_the_commands_tests_have_the_outputs_and_parameters_of_the_template() -> None:
    assert OUTPUTS.keys() <= template()["Outputs"].keys()
    assert PARAMETERS.keys() <= template()["Parameters"].keys()


def test_the_commands_call_functions_by_the_alias_that_deploys_move() -> None:
    assert template()["Globals"]["Function"]["AutoPublishAlias"] == ALIAS
