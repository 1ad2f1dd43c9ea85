"""doctor says what is wrong with a deployment, what to do, and by its exit status whether it is."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from botocore.exceptions import EndpointConnectionError
from typer.testing import CliRunner, Result

from consultations.clinic import load_clinic
from consultations.repository import ConsultationRepository
from operations.checks import round_trip
from operations.commands import app
from operations.commands.terminal import out
from operations.doctor import CHECKS
from operations.findings import Examination, Finding, findings
from tests.builders import NOW, a_consultation
from tests.environment import ENVIRONMENT
from tests.in_process.deployed_account import (
    KEY_ARN,
    STACK,
    VARIABLES,
    Account,
    Answer,
    Answering,
    Refused,
    alarms,
    backups,
    deployed_account,
    described_stack,
    described_table,
    destination,
    function_error,
    heartbeats,
    identity,
    log_event,
    mapping,
    only,
    resources,
    ses_account,
    subscribed,
)


@pytest.fixture
def account(
    monkeypatch: pytest.MonkeyPatch, time_machine: time_machine.TimeMachineFixture
) -> Iterator[Account]:
    time_machine.move_to(NOW, tick=False)
    with deployed_account(monkeypatch) as made:
        yield made


def found(account: Account, *topics: str) -> list[Finding]:
    """What all checks find, or those of these topics."""
    checks = [(topic, check) for topic, check in CHECKS if not topics or topic in topics]
    examination = Examination(stack=account.stack(), clinic=load_clinic(), now=NOW)
    return [each for _, those in findings(examination, checks) for each in those]


def not_in_order(account: Account, *topics: str) -> list[Finding]:
    return [each for each in found(account, *topics) if each.state != "ok"]


def doctor(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["doctor", "--stack", STACK, *arguments])


def test_where_all_is_well_every_check_says_so(account: Account) -> None:
    assert not_in_order(account) == []
    assert {each.topic for each in found(account)} == {topic for topic, _ in CHECKS}


def suppressed(address: str) -> Answering:
    def answer(params: Mapping[str, Any]) -> Answer:
        if params["EmailAddress"] != address:
            return Refused("NotFoundException")
        entry = {"EmailAddress": address, "Reason": "BOUNCE", "LastUpdateTime": NOW}
        return {"SuppressedDestination": entry}

    return answer


def without(logical_id: str) -> Answering:
    return {
        "StackResourceSummaries": [
            each for each in resources() if each["LogicalResourceId"] != logical_id
        ]
    }


def gone(name: str, code: str = "ResourceNotFoundException") -> Answering:
    healthy = {"State": "Active", "Environment": {"Variables": VARIABLES}}
    return lambda params: Refused(code) if params["FunctionName"] == name else healthy


def stack_that_is(status: str) -> Answering:
    described = described_stack()
    described["Stacks"][0]["StackStatus"] = status
    return described


def quota(sent: float, most: float = 200.0) -> Answering:
    limits = {"Max24HourSend": most, "MaxSendRate": 1.0, "SentLast24Hours": sent}
    return ses_account(SendQuota=limits)


UNVERIFIED = identity(VerifiedForSendingStatus=False)
NO_DKIM = identity(DkimAttributes={"SigningEnabled": True, "Status": "FAILED"})
REFUSING = {
    "MailFromDomain": "mail.example.com",
    "MailFromDomainStatus": "PENDING",
    "BehaviorOnMxFailure": "REJECT_MESSAGE",
}
FALLING_BACK = REFUSING | {"BehaviorOnMxFailure": "USE_DEFAULT_VALUE"}
ANOTHER_KEY = {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": f"{KEY_ARN}x"}
NO_SENDING = {"ConfigurationSetName": "AlertMail", "SendingOptions": {"SendingEnabled": False}}
OTHER_SENDER = {"Variables": VARIABLES | {"SENDER_ADDRESS": "other@example.com"}}
LOCKED = {"Error": {"ErrorCode": "AccessDeniedException", "Message": "no"}}
FORGETFUL = {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
DYING = {"KeyMetadata": {"KeyId": "key", "KeyState": "PendingDeletion"}}
RINGING = {"StateValue": "ALARM"}
DEAF = {"ActionsEnabled": False}
BUILDING = [{"IndexName": "by_email", "IndexStatus": "CREATING"}]

TROUBLES: list[tuple[str, Answering, str, str, str]] = [
    # the call, its answer, and the topic, state and words of what is found
    ("cloudformation.DescribeStacks", stack_that_is("UPDATE_FAILED"), "stack", "problem", "FAILED"),
    (
        *("cloudformation.DescribeStacks", stack_that_is("UPDATE_ROLLBACK_COMPLETE")),
        *("stack", "warning", "taken back"),
    ),
    (
        *("cloudformation.DescribeStacks", stack_that_is("UPDATE_IN_PROGRESS")),
        *("stack", "warning", "under way"),
    ),
    ("sns.GetTopicAttributes", Refused("NotFound"), "outputs", "problem", "AlarmTopicArn"),
    ("apigateway.GetRestApi", Refused("NotFoundException"), "outputs", "problem", "ApiId is api"),
    (
        "lambda.GetFunctionConfiguration",
        gone("SendHeartbeatFunction:live"),
        "functions",
        "problem",
        "",
    ),
    (
        *("lambda.GetFunctionConfiguration", {"State": "Failed", "Environment": OTHER_SENDER}),
        *("functions", "problem", "is Failed"),
    ),
    (
        *("lambda.GetFunctionConfiguration", {"LastUpdateStatus": "InProgress"}),
        *("functions", "warning", "being changed"),
    ),
    (
        *("lambda.GetFunctionConfiguration", {"Environment": OTHER_SENDER}),
        *("settings", "problem", "AlertStaffFunction has another SENDER_ADDRESS than the stack"),
    ),
    (
        *("lambda.GetFunctionConfiguration", {"Environment": LOCKED}),
        *("settings", "unknown", "can't be decrypted"),
    ),
    (
        *("dynamodb.DescribeTable", described_table(TableStatus="ARCHIVED")),
        *("table", "problem", "Requests are not stored"),
    ),
    (
        *("dynamodb.DescribeTable", described_table(GlobalSecondaryIndexes=BUILDING)),
        *("table", "warning", "by_email is CREATING"),
    ),
    (
        *("dynamodb.DescribeTable", described_table(StreamSpecification={"StreamEnabled": False})),
        *("table", "problem", "the stream has nothing"),
    ),
    (
        *("dynamodb.DescribeTable", described_table(DeletionProtectionEnabled=False)),
        *("deletion", "problem", "can be deleted"),
    ),
    (
        *("dynamodb.DescribeTable", described_table(SSEDescription=ANOTHER_KEY)),
        *("encryption", "problem", "not encrypted with the stack's key"),
    ),
    ("kms.DescribeKey", DYING, "encryption", "problem", "PendingDeletion"),
    ("kms.GetKeyRotationStatus", {"KeyRotationEnabled": False}, "encryption", "warning", "rotated"),
    (
        *("dynamodb.DescribeContinuousBackups", backups("DISABLED")),
        *("recovery", "problem", "nothing can be restored"),
    ),
    ("dynamodb.DescribeTimeToLive", FORGETFUL, "expiry", "problem", "DISABLED"),
    ("sesv2.GetAccount", ses_account(SendingEnabled=False), "SES account", "problem", "paused"),
    (
        *("sesv2.GetAccount", ses_account(EnforcementStatus="PROBATION")),
        *("SES account", "problem", "PROBATION"),
    ),
    (
        *("sesv2.GetAccount", ses_account(ProductionAccessEnabled=False)),
        *("SES account", "problem", "sandbox"),
    ),
    ("sesv2.GetAccount", quota(200), "SES quota", "problem", "0 of 200 mails left"),
    ("sesv2.GetAccount", quota(190), "SES quota", "warning", "10 of 200 mails left"),
    ("sesv2.GetEmailIdentity", only(), "sender", "problem", "--email-identity example.com"),
    ("sesv2.GetEmailIdentity", only(example_com=UNVERIFIED), "sender", "problem", "not verified"),
    ("sesv2.GetEmailIdentity", only(example_com=NO_DKIM), "sender", "warning", "FAILED"),
    (
        *("sesv2.GetEmailIdentity", only(example_com=identity(MailFromAttributes=REFUSING))),
        *("sender", "problem", "PENDING"),
    ),
    (
        *("sesv2.GetEmailIdentity", only(example_com=identity(MailFromAttributes=FALLING_BACK))),
        *("sender", "warning", "MX and TXT"),
    ),
    (
        *("sesv2.GetConfigurationSet", Refused("NotFoundException")),
        *("mail events", "problem", "no alert is sent"),
    ),
    ("sesv2.GetConfigurationSet", NO_SENDING, "mail events", "problem", "paused"),
    (
        *("sesv2.GetConfigurationSetEventDestinations", destination(Enabled=False)),
        *("mail events", "problem", "BOUNCE, COMPLAINT, DELIVERY, DELIVERY_DELAY, REJECT"),
    ),
    (
        "sesv2.GetConfigurationSetEventDestinations",
        destination(MatchingEventTypes=["COMPLAINT", "REJECT", "DELIVERY_DELAY"]),
        *("mail events", "problem", "not tell EventBridge of BOUNCE"),
    ),
    ("events.DescribeRule", {"State": "DISABLED"}, "event rule", "problem", "is disabled"),
    (
        *("sesv2.GetSuppressedDestination", suppressed("mesa-manager@example.com")),
        *("suppression", "problem", "Mesa, mailbox 2 gets no mail: suppressed after a bounce"),
    ),
    ("lambda.ListEventSourceMappings", {"EventSourceMappings": []}, "stream", "problem", ""),
    (
        "lambda.ListEventSourceMappings",
        mapping(FunctionArn="arn:aws:lambda:us-east-1:123456789012:function:AlertStaffFunctionOld"),
        *("stream", "problem", "does not call AlertStaff"),
    ),
    ("lambda.ListEventSourceMappings", mapping(State="Disabled"), "stream", "problem", "Disabled"),
    (
        "lambda.ListEventSourceMappings",
        mapping(LastProcessingResult="PROBLEM: Function call failed"),
        *("stream", "problem", "Function call failed"),
    ),
    ("lambda.ListEventSourceMappings", mapping(State="Updating"), "stream", "warning", "Updating"),
    ("scheduler.GetSchedule", {"State": "DISABLED"}, "schedules", "problem", "EveryFiveMinutes"),
    ("logs.FilterLogEvents", heartbeats(), "heartbeat", "problem", "none in the last 7 days"),
    (
        *("logs.FilterLogEvents", heartbeats(NOW - timedelta(hours=27))),
        *("heartbeat", "problem", "HHHH-HHHH-HHHH came through 27 h ago"),
    ),
    ("sns.ListSubscriptionsByTopic", subscribed(), "alarm address", "problem", "nobody"),
    ("sns.ListSubscriptionsByTopic", subscribed("Deleted"), "alarm address", "problem", "nobody"),
    (
        *("sns.ListSubscriptionsByTopic", subscribed("PendingConfirmation")),
        *("alarm address", "problem", "1 of 1 subscriptions of the alarm topic not confirmed"),
    ),
    (
        *("cloudwatch.DescribeAlarms", alarms(OldestPendingAlertAlarm=RINGING)),
        *("alarms", "problem", "See docs/runbooks/oldest-pending-alert.md"),
    ),
    (
        *("cloudwatch.DescribeAlarms", alarms(ServerErrorsAlarm=DEAF)),
        *("alarms", "warning", "its actions are off"),
    ),
    (
        *("cloudwatch.DescribeAlarms", alarms(HeartbeatAlarm=None)),
        *("alarms", "problem", "HeartbeatAlarm is not there"),
    ),
]


@pytest.mark.parametrize(("call", "answer", "topic", "state", "words"), TROUBLES)
def test_trouble_is_found_where_it_is(
    account: Account, *, call: str, answer: Answering, topic: str, state: str, words: str
) -> None:
    account.answers[call] = answer

    those = not_in_order(account, topic)

    assert any(each.state == state and words in f"{each.seen}\n{each.to_do}" for each in those)
    assert all(each.to_do for each in those)


def test_in_the_sandbox_each_unverified_mailbox_is_named_by_its_place(account: Account) -> None:
    account.answers["cloudformation.DescribeStacks"] = described_stack(
        Stage="dev", AlertOverrideAddress="team@test.example", HeartbeatAddress=""
    )
    account.answers["sesv2.GetAccount"] = ses_account(ProductionAccessEnabled=False)

    those = not_in_order(account, "SES account")

    assert [(each.state, "team@" in each.seen) for each in those] == [
        ("warning", False),
        ("problem", False),
    ]
    assert "the address in AlertOverrideAddress is not verified" in those[1].seen


def test_the_identity_of_the_address_itself_counts_before_that_of_its_domain(
    account: Account,
) -> None:
    both = {"alerts@example.com": UNVERIFIED, "example.com": identity()}
    account.answers["sesv2.GetEmailIdentity"] = lambda params: both[params["EmailIdentity"]]

    (unverified,) = not_in_order(account)

    assert unverified.seen == "the identity alerts@example.com is not verified"


def test_a_recipient_is_looked_up_once_and_only_who_would_get_mail(account: Account) -> None:
    account.answers["cloudformation.DescribeStacks"] = described_stack(
        Stage="dev", AlertOverrideAddress="team@example.com", HeartbeatAddress="team@example.com"
    )
    found(account)

    assert account.asked.count("sesv2.GetSuppressedDestination") == 1


def test_an_alert_that_waits_too_long_is_a_problem_and_one_of_just_now_is_not(
    account: Account,
) -> None:
    consultation = a_consultation()
    ConsultationRepository(account.aws.dynamodb, "consultations").add(consultation)
    assert not_in_order(account) == []
    examination = Examination(
        stack=account.stack(), clinic=load_clinic(), now=NOW + timedelta(minutes=11)
    )

    ((_, late),) = findings(examination, [check for check in CHECKS if check[0] == "pending"])

    assert [each.state for each in late] == ["problem"]
    assert f"1 pending, 0 of them for the next digest; {consultation.id} has waited for 11 min" in (
        late[0].seen
    )


def test_dead_letters_are_a_problem_whether_somebody_reads_them_or_not(account: Account) -> None:
    queue = ENVIRONMENT["UNDELIVERED_RECORDS_URL"]
    account.aws.sqs.send_message(QueueUrl=queue, MessageBody="{}")
    account.aws.sqs.receive_message(QueueUrl=queue)

    (letters,) = not_in_order(account)

    assert (letters.topic, letters.state, letters.seen) == (
        *("dead letters", "problem"),
        "1 dead letter",
    )


def test_a_stack_without_a_heartbeat_is_told_so(account: Account) -> None:
    account.answers["cloudformation.DescribeStacks"] = described_stack(HeartbeatAddress="")
    account.answers["cloudformation.ListStackResources"] = without("SendHeartbeatFunction")

    assert ("heartbeat", "warning") in [(each.topic, each.state) for each in not_in_order(account)]


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "AuthorizationError"])
def test_what_may_not_be_looked_at_is_unknown_and_stops_nothing(
    account: Account, code: str
) -> None:
    account.answers["sesv2.GetAccount"] = Refused(code)
    account.answers["kms.DescribeKey"] = Refused(code)

    unknown = not_in_order(account)

    assert [(each.topic, each.state) for each in unknown] == [
        ("encryption", "unknown"),
        ("SES account", "unknown"),
        ("SES quota", "unknown"),
    ]
    assert unknown[1].to_do == "Run doctor with a role that may call GetAccount."


def test_every_call_may_be_refused_without_a_traceback(account: Account) -> None:
    stack = account.stack()
    examination = Examination(stack=stack, clinic=load_clinic(), now=NOW)
    for name in account.answers:
        account.answers[name] = Refused("AccessDenied")
    for name in ("dynamodb.Query", "sqs.GetQueueAttributes"):
        account.answers[name] = Refused("AccessDenied")

    those = [each for _, some in findings(examination, CHECKS) for each in some]

    # What the stack itself says needs no further call.
    assert [each.topic for each in those if each.state != "unknown"] == ["stack"]


def test_a_service_that_is_not_there_is_unknown(account: Account) -> None:
    def nowhere(_: Mapping[str, Any]) -> Answer:
        raise EndpointConnectionError(endpoint_url="https://scheduler.example.com")

    account.answers["scheduler.GetSchedule"] = nowhere

    (unknown,) = not_in_order(account)

    assert (unknown.topic, unknown.state) == ("schedules", "unknown")
    assert "EndpointConnectionError" in unknown.seen


def test_an_answer_that_lacks_something_is_unknown(account: Account) -> None:
    account.answers["sesv2.GetAccount"] = {}

    assert ("SES quota", "unknown") in [(each.topic, each.state) for each in not_in_order(account)]


# ---- the command -------------------------------------------------------------------------------


@pytest.mark.usefixtures("account")
def test_its_status_is_0_when_nothing_is_wrong() -> None:
    result = doctor()

    assert result.exit_code == 0, result.output
    assert "0 problems, 0 warnings, 0 not looked at" in result.stdout


def test_its_status_is_0_with_warnings_and_1_with_a_problem(account: Account) -> None:
    account.answers["sesv2.GetEmailIdentity"] = only(example_com=NO_DKIM)
    assert doctor().exit_code == 0
    account.answers["sesv2.GetEmailIdentity"] = only()
    assert doctor().exit_code == 1


@pytest.mark.parametrize("code", ["AccessDenied", "ExpiredToken", "InternalFailure"])
def test_its_status_is_2_when_the_stack_cannot_be_read(account: Account, code: str) -> None:
    account.answers["cloudformation.DescribeStacks"] = Refused(code)

    result = doctor()

    assert result.exit_code == 2
    assert code in result.stderr
    assert result.stdout == ""


def test_for_programs_it_is_one_json_document(account: Account) -> None:
    account.answers["sesv2.GetEmailIdentity"] = only()

    result = doctor("--json")

    said = json.loads(result.stdout)
    assert said["stack"] == STACK
    assert said["region"] == "us-east-1"
    assert said["counts"]["problem"] == 1
    (wrong,) = (each for each in said["findings"] if each["state"] == "problem")
    assert wrong["topic"] == "sender"
    assert wrong["to_do"].startswith("Verify its domain")
    assert result.exit_code == 1


def test_no_line_is_wider_than_the_terminal_and_no_address_of_staff_is_shown(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(out, "width", 80)
    account.answers["sesv2.GetSuppressedDestination"] = suppressed("mesa-manager@example.com")
    account.answers["sesv2.GetAccount"] = ses_account(ProductionAccessEnabled=False)
    account.answers["sesv2.GetEmailIdentity"] = only()

    result = doctor()

    assert max(map(len, result.stdout.splitlines())) <= 80
    for staff in ("mesa-", "front-desk@", "manager@", "heartbeat@"):
        assert staff not in result.output


# ---- the test submission -----------------------------------------------------------------------


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch, account: Account) -> None:
    """A clock that runs by itself, so that waiting takes no time."""
    clock = SimpleNamespace(monotonic=count().__next__, sleep=lambda _: None)
    monkeypatch.setattr(round_trip, "time", clock)
    monkeypatch.setattr(round_trip, "EVENTS_AWAITED", timedelta(seconds=3))
    account.answers["logs.FilterLogEvents"] = heartbeats(NOW)


def of_test(result: Result) -> list[tuple[str, str]]:
    said = json.loads(result.stdout)["findings"]
    return [(each["state"], each["seen"]) for each in said if each["topic"] == "test"]


@pytest.mark.usefixtures("_impatient")
def test_a_test_submission_goes_the_whole_way_only_when_asked_for(account: Account) -> None:
    doctor()
    assert "lambda.Invoke" not in account.asked

    result = doctor("--send-test", "--json")

    assert account.asked.count("lambda.Invoke") == 1
    assert of_test(result) == [
        ("ok", "stored, alerted and removed within 0 s"),
        (
            "warning",
            "SES took the alert of the test, and did not say within 3 s whether it arrived",
        ),
    ]
    assert result.exit_code == 0


@pytest.mark.usefixtures("_impatient")
def test_a_test_that_does_not_come_through_says_how_far_it_came(account: Account) -> None:
    account.answers["lambda.Invoke"] = function_error("the submission was answered with 503")

    result = doctor("--send-test", "--json")

    assert of_test(result) == [
        ("problem", "the test did not come through: the submission was answered with 503")
    ]
    assert result.exit_code == 1


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize(
    ("line", "state", "seen"),
    [
        (
            '{"message": "mail not delivered", "kind": "Bounce", "reason": "Permanent General"}',
            "problem",
            "the alert of the test did not arrive: Bounce Permanent General",
        ),
        (
            '{"message": "mail delivered", "kind": "Delivery"}',
            "ok",
            "the test mailbox took the alert, within 0 s",
        ),
    ],
)
def test_what_became_of_the_alert_of_the_test_is_waited_for(
    account: Account, line: str, state: str, seen: str
) -> None:
    def lines(params: Mapping[str, Any]) -> Answer:
        if params["logGroupName"] == "RecordMailEventLogs":
            assert '"HHHH-HHHH-HHHH"' in params["filterPattern"]
            return {"events": [log_event(NOW, line)]}
        return dict(heartbeats(NOW)(params))  # type: ignore[arg-type] # it is no refusal

    account.answers["logs.FilterLogEvents"] = lines

    result = doctor("--send-test", "--json")

    assert of_test(result)[-1] == (state, seen)


@pytest.mark.usefixtures("_impatient")
def test_without_a_test_mailbox_no_test_is_sent(account: Account) -> None:
    account.answers["cloudformation.ListStackResources"] = without("SendHeartbeatFunction")

    assert of_test(doctor("--send-test", "--json"))[0][0] == "problem"
    assert "lambda.Invoke" not in account.asked
