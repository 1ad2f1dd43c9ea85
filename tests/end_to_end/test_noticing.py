"""What happens after a mail was sent, and what rings when something does not happen.

The emulator knows neither embedded metrics nor SES's events: the numbers and the events are put in
by hand, and everything from there on is the deployed stack.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local.stack import STACK_NAME
from tests.builders import event
from tests.end_to_end.deployment import HEARTBEAT_ADDRESS, Deployment, eventually
from tests.template import template

ALARMS = {
    name: definition["Properties"]
    for name, definition in template()["Resources"].items()
    if definition["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" not in definition["Properties"]
}
"""All but the one over an expression, which the emulator does not evaluate."""


@dataclass
class Subscriber:
    """Somebody who is told of alarms."""

    deployment: Deployment
    queue_url: str
    told: str = ""

    def was_told(self, *words: str) -> bool:
        messages = self.deployment.stack.aws.sqs.receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=10
        )
        self.told += "".join(message["Body"] for message in messages.get("Messages", []))
        return all(word in self.told for word in words)


@pytest.fixture(scope="module")
def subscriber(deployment: Deployment) -> Iterator[Subscriber]:
    aws = deployment.stack.aws
    queue_url = aws.sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    queue = aws.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    topic = deployment.output("AlarmTopicArn")
    aws.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue["Attributes"]["QueueArn"])
    yield Subscriber(deployment, queue_url)
    aws.sqs.delete_queue(QueueUrl=queue_url)


def deployed_alarm(deployment: Deployment, logical_id: str) -> dict[str, Any]:
    resource = deployment.stack.aws.cloudformation.describe_stack_resource(
        StackName=STACK_NAME, LogicalResourceId=logical_id
    )["StackResourceDetail"]
    (alarm,) = deployment.stack.aws.cloudwatch.describe_alarms(
        AlarmNames=[resource["PhysicalResourceId"]]
    )["MetricAlarms"]
    return dict(alarm)


@pytest.mark.parametrize("logical_id", ALARMS)
def test_each_alarm_reaches_whoever_is_subscribed(
    logical_id: str, deployment: Deployment, subscriber: Subscriber
) -> None:
    alarm = deployed_alarm(deployment, logical_id)
    beyond = -1 if alarm["ComparisonOperator"].startswith("LessThan") else 1
    deployment.stack.aws.cloudwatch.put_metric_data(
        Namespace=alarm["Namespace"],
        MetricData=[
            {
                "MetricName": alarm["MetricName"],
                "Dimensions": alarm["Dimensions"],
                "Value": alarm["Threshold"] + beyond,
            }
        ],
    )

    page = alarm["AlarmDescription"].rpartition("docs/runbooks/")[2]
    eventually(
        lambda: subscriber.was_told(alarm["AlarmName"], page), f"{logical_id} reaches its topic"
    )


def test_a_bounce_is_kept_and_named_by_location(
    deployment: Deployment, subscriber: Subscriber
) -> None:
    reference = deployment.received()
    bounced = event("mail_bounced.json")
    mail = bounced["detail"]["mail"]
    mail["tags"] = {
        "ses:configuration-set": [deployment.physical_id("AlertMail")],
        "consultation_id": [reference],
    }
    # Nobody but AWS may put an event with this source on the bus, on the emulator too: whether a
    # rule matches it is asked, and then the function is run with it as its target.
    assert rules_that_match(deployment, bounced) == 1
    deployment.run("RecordMailEventFunction", bounced)

    (kept,) = (item for item in deployment.items(reference) if item["record"] != "consultation")
    assert kept["mailboxes"] == ["Mesa, mailbox 2"]
    eventually(lambda: subscriber.was_told(reference, "Mesa, mailbox 2"), "somebody is told")


def test_of_what_was_delivered_only_the_daily_test_is_told(deployment: Deployment) -> None:
    delivered = event("mail_delivered.json")
    mail = delivered["detail"]["mail"]
    mail["tags"]["ses:configuration-set"] = [deployment.physical_id("AlertMail")]
    assert mail["destination"] == [HEARTBEAT_ADDRESS]
    assert rules_that_match(deployment, delivered) == 1

    mail["destination"] = ["mesa-front-desk@example.com"]
    assert rules_that_match(deployment, delivered) == 0


def rules_that_match(deployment: Deployment, happened: dict[str, Any]) -> int:
    """How many rules would run the function for this event."""
    events = deployment.stack.aws.events
    alias = deployment.physical_id("RecordMailEventFunctionAliaslive")
    patterns = [
        events.describe_rule(Name=rule)["EventPattern"]
        for rule in events.list_rule_names_by_target(TargetArn=alias)["RuleNames"]
    ]
    return sum(
        events.test_event_pattern(EventPattern=pattern, Event=json.dumps(happened))["Result"]
        for pattern in patterns
    )


def test_the_heartbeat_goes_the_whole_way_and_is_removed(deployment: Deployment) -> None:
    function = deployment.physical_id("SendHeartbeatFunction")
    functions = deployment.stack.aws.functions
    settings = functions.get_function_configuration(FunctionName=function)
    variables = settings["Environment"]["Variables"]
    # Where the stack is on this machine is nothing that the template could know, and a version
    # can't be changed any more.
    variables["CONSULTATIONS_URL"] = deployment.stack.consultations_url
    functions.update_function_configuration(
        FunctionName=function, Environment={"Variables": variables}
    )
    deployment.run("SendHeartbeatFunction", qualifier="$LATEST")

    alerts = [mail for mail in deployment.all_alerts() if HEARTBEAT_ADDRESS in mail.recipients]
    (alert,) = alerts
    assert alert.recipients == (HEARTBEAT_ADDRESS,)
    reference = alert.subject.rpartition(" ")[2]
    assert deployment.items(reference) == []
