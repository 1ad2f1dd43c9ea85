"""A recognisable person in every field, and then every sink of the deployed stack is searched."""

import json
from collections.abc import Iterator
from typing import Any

from tests.builders import fields
from tests.end_to_end.deployment import Deployment, eventually

SENTINEL = "Zyxwv"
PLANTED: dict[str, Any] = {
    "full_name": f"{SENTINEL} Name",
    "preferred_contact": "email",
    "phone": "480-555-0177",
    "email": f"{SENTINEL}@example.com",
    "message": f"{SENTINEL} message. I want to end my life.",
    "interests": ["crps"],
    "best_time": "evening",
}
SECRETS = (SENTINEL.lower(), "5550177", "555-0177", "crps", "evening", "end my life", "priority")


def test_no_sink_of_the_deployed_stack_holds_personal_data(deployment: Deployment) -> None:
    deployment.forget_sender()  # so that failures are logged too
    reference = deployment.received(**PLANTED)
    deployment.post(**PLANTED, homepage="https://spam.test")
    answers = [
        deployment.post(**{**PLANTED, "location": SENTINEL}),
        deployment.post(**{**PLANTED, "phone": f"{SENTINEL}"}),
        deployment.post(**{**PLANTED, "best_time": SENTINEL}, headers={"X-Name": SENTINEL}),
        deployment.request("POST", b'{"full_name": "' + SENTINEL.encode()),
        deployment.request("PUT", json.dumps(fields(**PLANTED)).encode()),
        deployment.request("GET", path=f"/{SENTINEL}?email={SENTINEL}@example.com"),
    ]
    eventually(lambda: "alert_error" in deployment.item(reference) or None, "the alert was refused")
    deployment.verify_sender()
    deployment.change_item(reference, postponed_until="2000-01-01T00:00:00.000Z")
    deployment.run("RetryAlertsFunction")
    deployment.alert(reference)

    for answer in answers:
        assert SENTINEL.lower() not in answer.body.lower()
    assert SENTINEL in str(deployment.item(reference))
    found = dict(sinks(deployment))
    assert reference in found["logs"]
    for name, content in found.items():
        for secret in SECRETS:
            assert secret not in content.lower(), name


def sinks(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """Everything that the stack writes to, beside the table and the mail, as text."""
    aws = deployment.stack.aws
    groups = aws.logs.describe_log_groups()["logGroups"]
    yield "groups", str(groups)
    yield (
        "logs",
        "\n".join(
            event["message"]
            for group in groups
            for page in aws.logs.get_paginator("filter_log_events").paginate(
                logGroupName=group["logGroupName"]
            )
            for event in page["events"]
        ),
    )
    yield "stream", str(list(stream_records(deployment)))
    queues = aws.sqs.list_queues().get("QueueUrls", [])
    yield (
        "queues",
        str([aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10) for url in queues]),
    )
    for index in ("pending_alerts", "by_email", "by_phone"):
        page = aws.dynamodb.scan(TableName=deployment.stack.table_name, IndexName=index)
        yield index, str(page["Items"])


def stream_records(deployment: Deployment) -> Iterator[Any]:
    """All that the table's stream still holds."""
    streams = deployment.stack.aws.streams
    (stream,) = streams.list_streams(TableName=deployment.stack.table_name)["Streams"]
    arn = stream["StreamArn"]
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        yield streams.get_records(ShardIterator=iterator)["Records"]
