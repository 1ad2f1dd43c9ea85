"""The controls of template.yaml: where the rule packs look for them, and no wider than the code."""

import re
from typing import Any

import pytest

from consultations.problem import BODY_MAX_BYTES
from tests.contract.reachable_calls import reachable_actions
from tests.template import ROOT, functions, resource, statements, template

FUNCTIONS = functions()
RESOURCES: dict[str, dict[str, Any]] = template()["Resources"]

# What Lambda itself does with the role, not the code: its log, its traces, its environment, the
# stream it reads and the queue it reports to.
PLATFORM = re.compile(r"^(kms|logs|xray):|^dynamodb:(DescribeStream|GetRecords|GetShardIterator)$")
STREAM = {"dynamodb:ListStreams", "sqs:SendMessage"}


def actions(statement: dict[str, Any]) -> list[str]:
    action = statement["Action"]
    return [action] if isinstance(action, str) else action


@pytest.mark.parametrize("logical_id", FUNCTIONS)
def test_a_role_allows_what_the_code_calls_and_no_more(logical_id: str) -> None:
    function = FUNCTIONS[logical_id]
    role = function["Role"]["Fn::GetAtt"].removesuffix(".Arn")
    allowed = {action for statement in statements(role) for action in actions(statement)}
    by_the_code = {action for action in allowed if not PLATFORM.match(action)}
    if any(event["Type"] == "DynamoDB" for event in function.get("Events", {}).values()):
        by_the_code -= STREAM - reachable_actions(handler(function))

    assert by_the_code == reachable_actions(handler(function))


def handler(function: dict[str, Any]) -> Any:  # noqa: ANN401 - a Path
    return ROOT / str(function["CodeUri"]) / "handler.py"


def test_no_role_is_shared_and_none_names_a_wildcard_of_actions() -> None:
    roles = [function["Role"]["Fn::GetAtt"] for function in FUNCTIONS.values()]

    assert len(set(roles)) == len(roles)
    for role in roles:
        for statement in statements(role.removesuffix(".Arn")):
            for action in actions(statement):
                assert not action.endswith(":*")
                assert action.startswith("kms:") or "*" not in action


@pytest.mark.parametrize("kind", ["AWS::SQS::Queue", "AWS::SNS::Topic"])
def test_queues_and_topics_are_encrypted_and_take_encrypted_connections_only(kind: str) -> None:
    found = [name for name, definition in RESOURCES.items() if definition["Type"] == kind]
    denied = str(
        [
            definition["Properties"]
            for definition in RESOURCES.values()
            if definition["Type"] in ("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy")
            and "{'Bool': {'aws:SecureTransport': 'false'}}" in str(definition)
            and "'Effect': 'Deny'" in str(definition)
        ]
    )

    assert found or kind == "AWS::SNS::Topic"
    for name in found:
        assert resource(name)["KmsMasterKeyId"] == {"Ref": "DataKey"}
        assert f"{{'Ref': '{name}'}}" in denied


def test_functions_environment_is_encrypted_with_the_key_of_the_deployment() -> None:
    shared = template()["Globals"]["Function"]

    assert shared["KmsKeyArn"] == {"Fn::GetAtt": "DataKey.Arn"}
    assert not any("KmsKeyArn" in function for function in FUNCTIONS.values())
    assert not any("FunctionUrlConfig" in function for function in FUNCTIONS.values())


def test_the_api_takes_no_older_tls_than_1_2() -> None:
    assert resource("ConsultationsApi")["SecurityPolicy"] == "SecurityPolicy_TLS13_1_2_2021_06"
    assert resource("AlertMail")["DeliveryOptions"] == {"TlsPolicy": "REQUIRE"}


def waf_rules() -> dict[str, dict[str, Any]]:
    return {rule["Name"]: rule for rule in resource("WebAcl")["Rules"]}


def test_the_waf_is_off_unless_asked_for_and_then_guards_this_stage() -> None:
    for name in ("WebAcl", "WebAclAssociation", "WafLogs", "WafLogging"):
        assert RESOURCES[name]["Condition"] == "UsesWaf"
    parameter = template()["Parameters"]["Waf"]
    assert parameter["Default"] == "off"
    assert parameter["AllowedValues"] == ["off", "count", "block"]
    assert resource("WebAclAssociation")["WebACLArn"] == {"Fn::GetAtt": "WebAcl.Arn"}
    assert "/stages/${ConsultationsApi.Stage}" in str(resource("WebAclAssociation")["ResourceArn"])


def test_the_waf_counts_before_it_blocks() -> None:
    for rule in waf_rules().values():
        condition, when_blocking, otherwise = (rule.get("Action") or rule["OverrideAction"])[
            "Fn::If"
        ]
        assert condition == "WafBlocks"
        assert next(iter(when_blocking)) in ("Block", "None")
        assert otherwise == {"Count": {}}


def test_the_waf_never_asks_for_a_captcha_or_a_challenge() -> None:
    text = str(resource("WebAcl"))

    assert "Captcha" not in text
    assert "Challenge" not in text
    assert resource("WebAcl")["DefaultAction"] == {"Allow": {}}


def test_the_waf_has_no_rule_against_what_people_write() -> None:
    managed = {
        rule["Statement"]["ManagedRuleGroupStatement"]["Name"]
        for rule in waf_rules().values()
        if "ManagedRuleGroupStatement" in rule["Statement"]
    }

    assert managed == {
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesKnownBadInputsRuleSet",
    }
    size = waf_rules()["body-too-large"]["Statement"]["SizeConstraintStatement"]["Size"]
    assert size == 3 * BODY_MAX_BYTES


def test_a_flood_from_one_address_is_told_when_to_come_back() -> None:
    rule = waf_rules()["too-many-from-one-address"]
    block = rule["Action"]["Fn::If"][1]["Block"]["CustomResponse"]

    assert rule["Statement"]["RateBasedStatement"]["AggregateKeyType"] == "IP"
    assert block["ResponseCode"] == 429
    assert {"Name": "Retry-After", "Value": "300"} in block["ResponseHeaders"]


def test_waf_logs_hold_no_body_no_query_no_address_and_end() -> None:
    redacted = resource("WafLogging")["RedactedFields"]
    headers = {field["SingleHeader"]["Name"] for field in redacted if "SingleHeader" in field}

    assert {"QueryString": {}} in redacted
    assert {"cookie", "idempotency-key", "referer", "user-agent", "x-forwarded-for"} == headers
    masks = resource("WafLogs")["DataProtectionPolicy"]["Statement"]
    assert any("Deidentify" in statement["Operation"] for statement in masks)
    assert "data-identifier/IpAddress" in str(masks)
    assert "'SampledRequestsEnabled': True" not in str(RESOURCES["WebAcl"])


def test_throttles_and_reserved_concurrency_are_parameters() -> None:
    (settings,) = resource("ConsultationsApi")["MethodSettings"]
    reserved = FUNCTIONS["SubmitConsultationFunction"]["ReservedConcurrentExecutions"]

    assert settings["ThrottlingRateLimit"] == {"Ref": "ThrottleRate"}
    assert settings["ThrottlingBurstLimit"] == {"Ref": "ThrottleBurst"}
    assert reserved == {
        "Fn::If": [
            "ReservesConcurrency",
            {"Ref": "ReservedConcurrency"},
            {"Ref": "AWS::NoValue"},
        ]
    }
    assert template()["Parameters"]["ReservedConcurrency"]["Default"] == 0


def test_every_waived_rule_says_why() -> None:
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    waivers = re.findall(r"# checkov:skip=(CKV2?_AWS_\d+)(.*)", text)

    assert waivers
    for rule, reason in waivers:
        assert re.fullmatch(r":\S.{25,}", reason), rule


def test_no_secret_stands_in_the_template() -> None:
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")

    assert not re.search(r"(?i)AKIA[0-9A-Z]{16}|aws_secret|password|BEGIN [A-Z ]*PRIVATE KEY", text)
