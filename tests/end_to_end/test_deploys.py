"""What a deploy would do to the data: nothing, whatever changes. CloudFormation is asked.

The emulator knows which properties of which types need a new resource, as AWS documents them; that
it says so of the table is seen too.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from local.stack import PARAMETERS, STACK_NAME
from operations.remains import kept
from tests.end_to_end.deployment import Deployment
from tests.template import template

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import ResourceChangeTypeDef

KEPT = ("ConsultationsTable", "DataKey")
OTHER_ADDRESSES = {
    "AllowedOrigins": "https://other.example.com",
    "SenderAddress": "other-alerts@example.com",
    "AlertOverrideAddress": "other-team@example.com",
    "AlarmAddress": "on-call@example.com",
    "HeartbeatAddress": "other-heartbeat@example.com",
    "DomainName": "forms.example.com",
    "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0b1f7c3e",
    "HostedZoneId": "Z0123456789ABCDEFGHIJ",
}


def another_value(name: str, parameter: dict[str, Any]) -> str:
    """A valid value that is not the default."""
    default = parameter["Default"]
    if "AllowedValues" in parameter:
        return str(next(each for each in parameter["AllowedValues"][::-1] if each != default))
    if parameter["Type"] == "Number":
        return str(default - 1 if default == parameter["MaxValue"] else default + 1)
    return OTHER_ADDRESSES[name]


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


def deployed_template(deployment: Deployment) -> str:
    """The template as it was deployed, with what `sam deploy` uploaded."""
    body = deployment.stack.aws.cloudformation.get_template(
        StackName=STACK_NAME, TemplateStage="Original"
    )["TemplateBody"]
    return str(body)


def changes(
    deployment: Deployment, body: str, parameters: Mapping[str, str]
) -> dict[str, "ResourceChangeTypeDef"]:
    """What deploying this would change, by logical id. Nothing is changed."""
    aws = deployment.stack.aws
    bucket = "templates"  # one in a request may have 51,200 bytes, which this one has not
    aws.s3.create_bucket(Bucket=bucket)
    aws.s3.put_object(Bucket=bucket, Key="template.yaml", Body=body.encode())
    created = aws.cloudformation.create_change_set(
        StackName=STACK_NAME,
        ChangeSetName="asked",
        TemplateURL=f"{deployment.stack.emulator.url}/{bucket}/template.yaml",
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()
        ],
        Capabilities=["CAPABILITY_IAM"],
    )["Id"]
    try:
        aws.cloudformation.get_waiter("change_set_create_complete").wait(
            ChangeSetName=created, WaiterConfig={"Delay": 1, "MaxAttempts": 20}
        )
        pages = aws.cloudformation.get_paginator("describe_change_set").paginate(
            ChangeSetName=created
        )
        found = [each["ResourceChange"] for page in pages for each in page["Changes"]]
        return {each["LogicalResourceId"]: each for each in found}
    finally:
        aws.cloudformation.delete_change_set(ChangeSetName=created)


def test_no_parameter_and_no_other_code_replaces_the_data(deployment: Deployment) -> None:
    other_code = changed(deployed_template(deployment), "MemorySize: 512", "MemorySize: 1024")
    parameters = {
        name: another_value(name, parameter)
        for name, parameter in template()["Parameters"].items()
        if name != "Waf"  # the emulator refuses a template with a WAF's association
    }

    found = changes(deployment, other_code, parameters)

    assert found["SubmitConsultationFunction"]["Action"] == "Modify"
    for logical_id in KEPT:
        change = found.get(logical_id, {"Action": "Modify", "Replacement": "False"})
        assert (change["Action"], change["Replacement"]) == ("Modify", "False"), logical_id


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("AttributeName: record\n", "AttributeName: part\n"),
        (
            "      BillingMode: PAY_PER_REQUEST\n",
            "      BillingMode: PAY_PER_REQUEST\n      TableName: x\n",
        ),
    ],
    ids=["another key", "a name of its own"],
)
def test_a_change_that_would_replace_the_table_is_seen(
    old: str, new: str, deployment: Deployment
) -> None:
    found = changes(deployment, changed(deployed_template(deployment), old, new), PARAMETERS)

    assert found["ConsultationsTable"]["Replacement"] in ("True", "Conditional")


def test_what_stays_when_the_stack_is_deleted_is_named(deployment: Deployment) -> None:
    found = {
        each.kind: each.physical_id
        for each in kept(deployment.stack.aws.cloudformation, STACK_NAME)
    }

    assert found["AWS::DynamoDB::Table"] == deployment.stack.table_name
    assert found["AWS::KMS::Key"] == deployment.output("DataKeyId")
    assert found.keys() == {
        "AWS::DynamoDB::Table",
        "AWS::KMS::Key",
        "AWS::ApiGateway::Account",
        "AWS::IAM::Role",
    }
