"""Each alarm reaches somebody, says what to do, watches something that exists, and has a page."""

import ast
import re
from typing import Any

import pytest

from tests.template import ROOT, functions, resource, template

RUNBOOKS = ROOT / "docs" / "runbooks"
RESOURCES: dict[str, dict[str, Any]] = template()["Resources"]
ALARMS = {
    name: definition["Properties"]
    for name, definition in RESOURCES.items()
    if definition["Type"] == "AWS::CloudWatch::Alarm"
}


def page_of(alarm: str) -> str:
    words = re.sub(r"(?<!^)(?=[A-Z])", "-", alarm.removesuffix("Alarm")).lower()
    return f"{words}.md"


def watched(alarm: dict[str, Any]) -> dict[str, Any]:
    """The metric of an alarm, or the one that its expression is about."""
    if "Metrics" not in alarm:
        return alarm
    metric: dict[str, Any] = alarm["Metrics"][0]["MetricStat"]["Metric"]
    return metric


def metrics_of_the_product() -> set[str]:
    source = ROOT / "layers" / "consultations" / "observability.py"
    return {
        node.value
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@pytest.mark.parametrize("name", ALARMS)
def test_each_alarm_goes_to_the_topic_and_says_when_it_is_over(name: str) -> None:
    assert ALARMS[name]["AlarmActions"] == [{"Ref": "AlarmTopic"}]
    assert ALARMS[name]["OKActions"] == [{"Ref": "AlarmTopic"}]


@pytest.mark.parametrize("name", ALARMS)
def test_each_alarm_says_what_to_do_and_names_its_page(name: str) -> None:
    description = ALARMS[name]["AlarmDescription"]
    text = description if isinstance(description, str) else description["Fn::Sub"]

    assert text.endswith(f"What to do: docs/runbooks/{page_of(name)}")
    assert len(text) <= 1024
    page = (RUNBOOKS / page_of(name)).read_text(encoding="utf-8")
    for heading in ("## What it means", "## What to do", "## When it is over"):
        assert heading in page, f"{page_of(name)} lacks {heading}"


def test_each_page_belongs_to_an_alarm() -> None:
    assert {path.name for path in RUNBOOKS.glob("*.md")} == {page_of(name) for name in ALARMS}


@pytest.mark.parametrize("name", ALARMS)
def test_each_alarm_watches_a_metric_that_there_is(name: str) -> None:
    metric = watched(ALARMS[name])
    if metric["Namespace"] == {"Ref": "AWS::StackName"}:
        assert metric["MetricName"] in metrics_of_the_product()
        assert metric["Dimensions"] == [{"Name": "service", "Value": "consultations"}]
    for dimension in metric["Dimensions"]:
        value = dimension["Value"]
        if isinstance(value, dict):
            named = value.get("Ref") or value["Fn::GetAtt"].split(".")[0]
            assert named in RESOURCES or named in ("AWS::StackName", "Stage")


def test_an_alert_that_waits_rings_within_fifteen_minutes() -> None:
    alarm = ALARMS["OldestPendingAlertAlarm"]
    (schedule,) = functions()["RetryAlertsFunction"]["Events"].values()

    assert schedule["Properties"]["ScheduleExpression"] == "rate(5 minutes)"
    assert alarm["Threshold"] + 5 * 60 <= 15 * 60
    assert alarm["EvaluationPeriods"] == 1
    assert alarm["TreatMissingData"] == "breaching"  # the schedule itself may be what fails


def test_a_missing_heartbeat_rings_and_silence_is_off_by_default() -> None:
    heartbeat = ALARMS["HeartbeatAlarm"]

    assert heartbeat["TreatMissingData"] == "breaching"
    assert heartbeat["Period"] * heartbeat["EvaluationPeriods"] > 24 * 3600
    assert template()["Parameters"]["SilenceHours"]["Default"] == 0
    assert RESOURCES["SilenceAlarm"]["Condition"] == "NoticesSilence"


def test_every_function_has_an_alarm_for_its_errors() -> None:
    watched_functions = {
        alarm["Dimensions"][0]["Value"]["Ref"]
        for alarm in ALARMS.values()
        if alarm.get("MetricName") == "Errors"
    }
    # A heartbeat that fails is missed by its own alarm.
    assert watched_functions == set(functions()) - {"SendHeartbeatFunction"}


def test_the_topic_is_encrypted_and_alarms_may_use_its_key() -> None:
    assert resource("AlarmTopic")["KmsMasterKeyId"] == {"Ref": "DataKey"}
    (statement,) = [
        each
        for each in resource("DataKey")["KeyPolicy"]["Statement"]
        if each["Principal"].get("Service") == "cloudwatch.amazonaws.com"
    ]
    assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]


def test_ses_tells_what_became_of_alerts() -> None:
    destination = resource("AlertMailEvents")["EventDestination"]
    rules = functions()["RecordMailEventFunction"]["Events"]

    assert destination["Enabled"] is True
    assert destination["MatchingEventTypes"] == [
        "bounce",
        "complaint",
        "reject",
        "deliveryDelay",
        "delivery",
    ]
    assert rules["MailEvent"]["Properties"]["Pattern"]["detail-type"] == [
        "Email Bounced",
        "Email Complaint Received",
        "Email Rejected",
        "Email Delivery Delayed",
    ]


def test_of_what_is_delivered_only_the_daily_test_is_told() -> None:
    rule = functions()["RecordMailEventFunction"]["Events"]["TestDelivered"]["Properties"]

    assert rule["Pattern"]["detail-type"] == ["Email Delivered"]
    assert rule["Pattern"]["detail"]["mail"]["destination"] == [{"Ref": "HeartbeatAddress"}]
