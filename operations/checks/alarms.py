"""Whether somebody will be told."""

from collections.abc import Iterator

from operations.findings import Examination, Finding, ok, problem, warning

PENDING, DELETED = "PendingConfirmation", "Deleted"
"""What stands for the ARN of a subscription that has none, yet or any more."""
AT_MOST = 100
"""How many alarms one call may name and tell of; the template has 16."""


def subscription(examination: Examination) -> Iterator[Finding]:
    """Whether anybody hears the topic of alarms."""
    pages = (
        examination.stack.session.client("sns")
        .get_paginator("list_subscriptions_by_topic")
        .paginate(TopicArn=examination.stack.outputs["AlarmTopicArn"])
    )
    arns = [each["SubscriptionArn"] for page in pages for each in page["Subscriptions"]]
    arns = [arn for arn in arns if arn != DELETED]
    unconfirmed = arns.count(PENDING)
    if unconfirmed:
        yield problem(
            f"{unconfirmed} of {len(arns)} subscriptions of the alarm topic not confirmed",
            "Open the link that AWS mailed there. If it is older than three days, subscribe again"
            " in the SNS console.",
        )
    if len(arns) > unconfirmed:
        yield ok(f"{len(arns) - unconfirmed} confirmed")
    elif not arns:
        say = problem if examination.stack.is_prod else warning
        yield say(
            "nobody is subscribed to the alarm topic, so that alarms ring unheard",
            "Deploy with AlarmAddress, and confirm the mail that AWS sends there.",
        )


def alarms(examination: Examination) -> Iterator[Finding]:
    """Whether every alarm is there, may ring, and is quiet."""
    deployed = examination.stack.ids_of("AWS::CloudWatch::Alarm")
    client = examination.stack.session.client("cloudwatch")
    names = {physical_id: logical_id for logical_id, physical_id in deployed.items()}
    answer = client.describe_alarms(AlarmNames=list(names), MaxRecords=AT_MOST)
    found = {alarm["AlarmName"]: alarm for alarm in answer["MetricAlarms"]}
    quiet = 0
    for name, logical_id in names.items():
        alarm = found.get(name)
        if alarm is None:
            yield problem(f"{logical_id} is not there", "Deploy again.")
        elif alarm["StateValue"] == "ALARM":
            runbook = alarm.get("AlarmDescription", "").rpartition("What to do: ")[2]
            yield problem(
                f"{logical_id} has rung since {alarm['StateUpdatedTimestamp']:%Y-%m-%d %H:%M %Z}",
                f"See {runbook}",
            )
        elif not alarm["ActionsEnabled"]:
            yield warning(
                f"{logical_id} tells nobody: its actions are off",
                f"aws cloudwatch enable-alarm-actions --alarm-names {name}",
            )
        else:
            quiet += 1
    if quiet:
        yield ok(f"{quiet} of {len(names)} alarms are there and quiet")
    elif not names:
        yield problem("the stack has no alarms", "Deploy again.")
