"""A stack of this template in an account where all is well, for the engineer's commands.

Tables, queues and logs are moto's. What moto does not know (SES's account, suppression list and
event destinations) or makes up without a deployment (CloudFormation, mappings, alarms) is answered
here, through botocore's own hook for it; each answer is held against AWS's description of the
operation, so that none has a field that AWS's has not.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

import boto3
from botocore.model import OperationModel
from botocore.validate import validate_parameters

from functions.retry_alerts import handler as retry_alerts
from operations.samconfig import Target
from operations.stack import Stack
from tests.builders import NOW, SALT, a_context
from tests.conftest import Aws, aws_account
from tests.environment import ENVIRONMENT
from tests.template import template

STACK = "consultations-prod"
OPERATOR = "arn:aws:iam::123456789012:user/operator"
KEY_ARN = f"arn:aws:kms:us-east-1:123456789012:key/{SALT}"
TOPIC = ENVIRONMENT["ALARM_TOPIC_ARN"]
STREAM_ARN = (
    "arn:aws:dynamodb:us-east-1:123456789012:table/consultations/stream/2026-01-31T00:00:00.000"
)

OUTPUTS = {
    "TableName": "consultations",
    "UndeliveredRecordsUrl": ENVIRONMENT["UNDELIVERED_RECORDS_URL"],
    "RetryAlertsFunctionName": "RetryAlertsFunction",
    "AlarmTopicArn": TOPIC,
    "ApiId": "api",
    "FormUrl": "https://api.example.com/prod/",
    "ConsultationsUrl": "https://api.example.com/prod/consultations",
}
PARAMETERS = {
    "Stage": "prod",
    "SenderAddress": "alerts@example.com",
    "AlertDetail": "contact",
    "AlertOverrideAddress": "",
    "HeartbeatAddress": "heartbeat@example.com",
    "RetentionDays": "730",
    "QuarantineDays": "90",
}
VARIABLES = {
    "SENDER_ADDRESS": "alerts@example.com",
    "ALERT_DETAIL": "contact",
    "ALERT_OVERRIDE_ADDRESS": "",
    "HEARTBEAT_ADDRESS": "heartbeat@example.com",
    "CONFIGURATION_SET": "AlertMail",
    "TABLE_NAME": "consultations",
    "UNDELIVERED_RECORDS_URL": OUTPUTS["UndeliveredRecordsUrl"],
}

_KINDS = {
    "AWS::Serverless::Function": "AWS::Lambda::Function",
    "AWS::Serverless::Api": "AWS::ApiGateway::RestApi",
    "ScheduleV2": "AWS::Scheduler::Schedule",
    "EventBridgeRule": "AWS::Events::Rule",
}
_PHYSICAL_IDS = {
    "ConsultationsTable": "consultations",
    "DataKey": SALT,
    "UndeliveredRecords": OUTPUTS["UndeliveredRecordsUrl"],
}


@dataclass(frozen=True)
class Refused:
    """The answer of AWS that is an error."""

    code: str


Answer = Mapping[str, Any] | Refused
Answering = Answer | Callable[[Mapping[str, Any]], Answer]


@dataclass
class Account:
    """The account, its answers to be changed by a test. The keys are like `sesv2.GetAccount`."""

    aws: Aws
    answers: dict[str, Answering] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def stack(self) -> Stack:
        """The stack as it is read from CloudFormation."""
        return Stack.read(Target(stack=STACK, region=None, profile=None))

    def answer(
        self, model: OperationModel, asked: Mapping[str, Any]
    ) -> tuple[Any, dict[str, Any]] | None:
        """What a call is answered with; None leaves it to moto."""
        service = model.service_model.service_name
        name = f"{service}.{model.name}"
        self.asked.append(name)
        answering = self.answers.get(name)
        if answering is None:
            return None
        answer = answering(asked) if callable(answering) else answering
        if isinstance(answer, Refused):
            error = {"Code": answer.code, "Message": "said by AWS"}
            return SimpleNamespace(status_code=400), {"Error": error, "ResponseMetadata": {}}
        described = {name: value for name, value in answer.items() if name != "Payload"}
        if model.output_shape:
            validate_parameters(described, model.output_shape)
        return SimpleNamespace(status_code=200), {"ResponseMetadata": {}, **answer}


@contextmanager
def deployed_account(monkeypatch: Any) -> Iterator[Account]:  # noqa: ANN401 - pytest's
    """The account, and every session that is made meanwhile is one of it."""
    with aws_account() as aws:
        account = Account(aws, healthy())
        monkeypatch.setattr(boto3, "Session", lambda **_: _SESSION)
        _accounts.append(account)
        yield account
        _accounts.remove(account)


_accounts: list[Account] = []


def _keep_params(params: Mapping[str, Any], context: dict[str, Any], **_: object) -> None:
    context["asked"] = params


def _answer(model: OperationModel, context: Mapping[str, Any], **_: object) -> Any:  # noqa: ANN401 - as botocore has it
    """What a call is answered with; None leaves it to moto."""
    return _accounts[-1].answer(model, context["asked"])


# One session whose clients are made once: making one takes longer than a whole test.
_SESSION = boto3.Session()
_SESSION.events.register("provide-client-params.*.*", _keep_params)
_SESSION.events.register("before-call.*.*", _answer)
_SESSION.client = cache(_SESSION.client)  # type: ignore[method-assign] # as said


def resources() -> list[dict[str, Any]]:
    """What the stack is made of: every resource of the template, and what SAM makes of events."""
    kinds = {}
    for logical_id, definition in template()["Resources"].items():
        if definition.get("Condition") in ("UsesWaf", "NoticesSilence"):
            continue
        kinds[logical_id] = _KINDS.get(definition["Type"], definition["Type"])
        for name, made in definition["Properties"].get("Events", {}).items():
            if made["Type"] in _KINDS:
                kinds[f"{logical_id}{name}"] = _KINDS[made["Type"]]
    return [
        {
            "LogicalResourceId": logical_id,
            "PhysicalResourceId": _PHYSICAL_IDS.get(logical_id, logical_id),
            "ResourceType": kind,
            "LastUpdatedTimestamp": NOW,
            "ResourceStatus": "CREATE_COMPLETE",
        }
        for logical_id, kind in kinds.items()
    ]


def described_stack(**parameters: str) -> dict[str, Any]:
    """The stack, with other parameters."""
    return {
        "Stacks": [
            {
                "StackName": STACK,
                "StackStatus": "UPDATE_COMPLETE",
                "CreationTime": NOW - timedelta(days=90),
                "Outputs": [
                    {"OutputKey": name, "OutputValue": value} for name, value in OUTPUTS.items()
                ],
                "Parameters": [
                    {"ParameterKey": name, "ParameterValue": value}
                    for name, value in (PARAMETERS | parameters).items()
                ],
            }
        ]
    }


def log_event(at: datetime, message: str, stream: str = "stream") -> dict[str, Any]:
    """A line in CloudWatch Logs."""
    milliseconds = int(at.timestamp() * 1000)
    return {"eventId": "1", "logStreamName": stream, "timestamp": milliseconds, "message": message}


def heartbeats(*times: datetime) -> Callable[[Mapping[str, Any]], Answer]:
    """The lines of heartbeats that came through at these times, to who looks far enough back."""
    line = (
        '{"message": "heartbeat completed", "level": "INFO", "consultation_id": "HHHH-HHHH-HHHH"}'
    )

    def lines(params: Mapping[str, Any]) -> Answer:
        if params["logGroupName"] != "SendHeartbeatLogs":
            return {"events": []}
        start = params["startTime"]
        return {"events": [log_event(at, line) for at in times if at.timestamp() * 1000 >= start]}

    return lines


def described_table(**changes: object) -> dict[str, Any]:
    """The table as the template has it, with these changes."""
    return {
        "Table": {
            "TableName": "consultations",
            "TableStatus": "ACTIVE",
            "DeletionProtectionEnabled": True,
            "SSEDescription": {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": KEY_ARN},
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
            "LatestStreamArn": STREAM_ARN,
            "GlobalSecondaryIndexes": [{"IndexName": "by_email", "IndexStatus": "ACTIVE"}],
            **changes,
        }
    }


def ses_account(**changes: object) -> dict[str, Any]:
    """SES out of its sandbox, with these changes."""
    quota = {"Max24HourSend": 50_000.0, "MaxSendRate": 14.0, "SentLast24Hours": 40.0}
    return {
        "SendingEnabled": True,
        "ProductionAccessEnabled": True,
        "EnforcementStatus": "HEALTHY",
        "SendQuota": quota,
        **changes,
    }


def identity(**changes: object) -> dict[str, Any]:
    """A verified domain with DKIM and a MAIL FROM domain, with these changes."""
    return {
        "IdentityType": "DOMAIN",
        "VerifiedForSendingStatus": True,
        "DkimAttributes": {"SigningEnabled": True, "Status": "SUCCESS"},
        "MailFromAttributes": {
            "MailFromDomain": "mail.example.com",
            "MailFromDomainStatus": "SUCCESS",
            "BehaviorOnMxFailure": "USE_DEFAULT_VALUE",
        },
        **changes,
    }


def only(**identities: Answer) -> Callable[[Mapping[str, Any]], Answer]:
    """These identities, dots written as _, and no others."""
    named = {name.replace("_", "."): answer for name, answer in identities.items()}
    return lambda params: named.get(params["EmailIdentity"], Refused("NotFoundException"))


def destination(**changes: object) -> dict[str, Any]:
    """Where SES tells of what became of mail, with these changes."""
    bus = "arn:aws:events:us-east-1:123456789012:event-bus/default"
    return {
        "EventDestinations": [
            {
                "Name": "undelivered",
                "Enabled": True,
                "MatchingEventTypes": [
                    "BOUNCE",
                    "COMPLAINT",
                    "REJECT",
                    "DELIVERY_DELAY",
                    "DELIVERY",
                ],
                "EventBridgeDestination": {"EventBusArn": bus},
                **changes,
            }
        ]
    }


def mapping(**changes: object) -> dict[str, Any]:
    """The stream's mapping, with these changes."""
    good = {
        "EventSourceArn": STREAM_ARN,
        "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:AlertStaffFunction:live",
        "State": "Enabled",
        "LastProcessingResult": "OK",
    }
    return {"EventSourceMappings": [{**good, **changes}]}


def alarms(**changed: Mapping[str, Any] | None) -> Callable[[Mapping[str, Any]], Answer]:
    """Every alarm that is asked for, quiet but for these changes; None is one that is not there."""

    def described(params: Mapping[str, Any]) -> Answer:
        quiet = {
            "StateValue": "OK",
            "ActionsEnabled": True,
            "StateUpdatedTimestamp": NOW,
            "AlarmDescription": "It waits. What to do: docs/runbooks/oldest-pending-alert.md",
        }
        there = [name for name in params["AlarmNames"] if changed.get(name, {}) is not None]
        found = [{"AlarmName": name, **quiet, **(changed.get(name) or {})} for name in there]
        return {"MetricAlarms": found}

    return described


def run_the_retry(_: Mapping[str, Any]) -> Answer:
    """The function that is run by hand, here and now, with the time that it has."""
    retry_alerts.lambda_handler({}, a_context(remaining_ms=240_000))
    return {"StatusCode": 200}


def subscribed(*arns: str) -> dict[str, Any]:
    """The subscriptions of the alarm topic."""
    return {"Subscriptions": [{"SubscriptionArn": arn, "TopicArn": TOPIC} for arn in arns]}


def function_error(message: str) -> dict[str, Any]:
    """The answer to a run of a function that failed."""
    return {
        "StatusCode": 200,
        "FunctionError": "Unhandled",
        "Payload": io.BytesIO(f'{{"errorMessage": "{message}"}}'.encode()),
    }


def healthy() -> dict[str, Answering]:
    """The answers of an account where all is well."""
    return {
        "cloudformation.DescribeStacks": described_stack(),
        "cloudformation.ListStackResources": {"StackResourceSummaries": resources()},
        "sts.GetCallerIdentity": {"Arn": OPERATOR, "Account": "123456789012", "UserId": "operator"},
        "dynamodb.DescribeTable": described_table(),
        "dynamodb.DescribeContinuousBackups": backups("ENABLED"),
        "dynamodb.DescribeTimeToLive": {
            "TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
        },
        "kms.DescribeKey": {"KeyMetadata": {"KeyId": SALT, "KeyState": "Enabled"}},
        "kms.GetKeyRotationStatus": {"KeyRotationEnabled": True},
        "sns.GetTopicAttributes": {"Attributes": {"TopicArn": TOPIC}},
        "sns.ListSubscriptionsByTopic": subscribed(f"{TOPIC}:1"),
        "apigateway.GetRestApi": {"id": "api"},
        "lambda.GetFunctionConfiguration": {
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "Environment": {"Variables": VARIABLES},
        },
        "lambda.ListEventSourceMappings": mapping(),
        "lambda.Invoke": {"StatusCode": 200},
        "sesv2.GetAccount": ses_account(),
        "sesv2.GetEmailIdentity": only(example_com=identity()),
        "sesv2.GetConfigurationSet": {
            "ConfigurationSetName": "AlertMail",
            "SendingOptions": {"SendingEnabled": True},
        },
        "sesv2.GetConfigurationSetEventDestinations": destination(),
        "sesv2.GetSuppressedDestination": Refused("NotFoundException"),
        "events.DescribeRule": {"Name": "rule", "State": "ENABLED"},
        "scheduler.GetSchedule": {"Name": "schedule", "State": "ENABLED"},
        "cloudwatch.DescribeAlarms": alarms(),
        "logs.FilterLogEvents": heartbeats(NOW - timedelta(hours=5)),
    }


def backups(status: str) -> dict[str, Any]:
    """Point-in-time recovery of the table, on or off."""
    return {
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": {
                "PointInTimeRecoveryStatus": status,
                "EarliestRestorableDateTime": NOW - timedelta(days=35),
            },
        }
    }
