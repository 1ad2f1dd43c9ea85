"""The dashboard shows numbers that there are, of resources that exist, and every alarm."""

import ast
import json
import re
from typing import Any

import pytest

from tests.template import ROOT, functions, resource, template

RESOURCES: dict[str, dict[str, Any]] = template()["Resources"]
ALARMS = {name for name, each in RESOURCES.items() if each["Type"] == "AWS::CloudWatch::Alarm"}
CONDITIONAL = {name for name in ALARMS if "Condition" in RESOURCES[name]}

OF_AWS = {
    # docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    "AWS/Lambda": {"Errors", "Invocations", "Throttles", "IteratorAge"},
    # docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
    "AWS/ApiGateway": {"4XXError", "5XXError", "Count", "Latency"},
    # docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    "AWS/DynamoDB": {"ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"},
    # sqs-available-cloudwatch-metrics.html of the SQS developer guide
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible"},
    # CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html of the CloudWatch Logs user guide
    "AWS/Logs": {"IncomingBytes"},
}
TYPE_OF_DIMENSION = {
    "FunctionName": "AWS::Serverless::Function",
    "TableName": "AWS::DynamoDB::Table",
    "QueueName": "AWS::SQS::Queue",
    "LogGroupName": "AWS::Logs::LogGroup",
}


def body() -> dict[str, Any]:
    """The dashboard as JSON, references as they stand in the template."""
    text, given = resource("Dashboard")["DashboardBody"]["Fn::Sub"]
    assert given.keys() == {"ConditionalAlarms"}
    document: dict[str, Any] = json.loads(text.replace("${ConditionalAlarms}", ""))
    return document


def widgets(kind: str) -> list[dict[str, Any]]:
    return [each["properties"] for each in body()["widgets"] if each["type"] == kind]


def metrics() -> list[list[Any]]:
    return [metric for widget in widgets("metric") for metric in widget["metrics"]]


def series() -> list[list[str]]:
    """Namespace, name and dimensions of each metric that is named outright."""
    return [
        [part for part in metric if isinstance(part, str)]
        for metric in metrics()
        if isinstance(metric[0], str)
    ]


def searches() -> list[str]:
    return [metric[0]["expression"] for metric in metrics() if isinstance(metric[0], dict)]


def counted(*by: str) -> set[str]:
    """The names of metrics in calls of these functions of observability.py."""
    source = ROOT / "layers" / "consultations" / "observability.py"
    return {
        part.value
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in by
        for part in ast.walk(node)
        if isinstance(part, ast.Constant)
        and isinstance(part.value, str)
        and part.value[0].isupper()  # codes and outcomes are in lower case
    }


def test_it_shows_every_alarm() -> None:
    (widget,) = widgets("alarm")
    shown = {re.fullmatch(r"\$\{(\w+)\.Arn\}", arn)[1] for arn in widget["alarms"]}  # type: ignore[index] # else it fails
    given = resource("Dashboard")["DashboardBody"]["Fn::Sub"][1]["ConditionalAlarms"]
    (parts,) = [part for part in given["Fn::Join"] if part]
    with_condition = {
        re.fullmatch(r', "\$\{(\w+)\.Arn\}"', when["Fn::Sub"])[1]: condition  # type: ignore[index] # as above
        for condition, when, otherwise in (part["Fn::If"] for part in parts)
        if otherwise == ""
    }

    assert shown == ALARMS - CONDITIONAL
    assert with_condition == {name: RESOURCES[name]["Condition"] for name in CONDITIONAL}


@pytest.mark.parametrize("metric", series(), ids=lambda metric: f"{metric[1]} {metric[-1]}")
def test_each_number_is_one_that_there_is(metric: list[str]) -> None:
    namespace, name, *dimensions = metric
    pairs = dict(zip(dimensions[::2], dimensions[1::2], strict=True))
    if namespace == "${AWS::StackName}":
        assert name in counted("_count", "_publish", "metrics.add_metric")
        assert pairs == {"service": "consultations"}
        return
    assert name in OF_AWS[namespace]
    if namespace == "AWS/ApiGateway":
        assert pairs == {"ApiName": "${AWS::StackName}", "Stage": "${Stage}"}
        assert resource("ConsultationsApi")["Name"] == {"Ref": "AWS::StackName"}
        return
    ((dimension, value),) = pairs.items()
    named = re.fullmatch(r"\$\{(\w+)(\.QueueName)?\}", value)
    assert named, value
    definition = RESOURCES[named[1]]
    assert definition["Type"] == TYPE_OF_DIMENSION[dimension]
    assert "Condition" not in definition


def test_it_shows_every_number_that_the_product_counts_but_the_heartbeats() -> None:
    shown = {metric[1] for metric in series() if metric[0] == "${AWS::StackName}"}

    assert shown == counted("_count", "_publish", "metrics.add_metric") - {"HeartbeatCompleted"}


def test_refusals_are_shown_by_their_reason() -> None:
    (refused,) = [each for each in searches() if "StackName" in each]

    assert '{"${AWS::StackName}",service,code}' in refused
    assert counted("_count_with_code") == {"Refused"}
    assert 'MetricName="Refused"' in refused


def test_every_function_that_runs_by_itself_is_shown_with_errors_and_runs() -> None:
    for name in ("Errors", "Invocations"):
        shown = {metric[-1].strip("${}") for metric in series() if metric[1] == name}
        assert shown == set(functions()) - {"SendHeartbeatFunction"}


def test_the_line_on_the_age_of_the_oldest_alert_is_where_its_alarm_rings() -> None:
    (line,) = [
        line
        for widget in widgets("metric")
        for line in widget.get("annotations", {}).get("horizontal", [])
    ]

    assert line["value"] == resource("OldestPendingAlertAlarm")["Threshold"]


def test_no_two_widgets_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for widget in body()["widgets"]:
        cells = {
            (column, row)
            for column in range(widget["x"], widget["x"] + widget["width"])
            for row in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & taken
        assert widget["x"] + widget["width"] <= 24
        taken |= cells
