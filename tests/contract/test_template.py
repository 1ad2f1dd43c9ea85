"""template.yaml against the code: what one promises and the other needs."""

import ast
import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from consultations.clinic import load_clinic
from consultations.crisis import crisis_text
from consultations.http_response import SECURITY_HEADERS
from consultations.language import LANGUAGES, translation
from consultations.problem import BODY_MAX_BYTES
from consultations.repository import (
    EMAIL_INDEX,
    HELD_INDEX,
    PENDING_ALERTS_INDEX,
    PHONE_INDEX,
    RECORD,
)
from tests.builders import event
from tests.template import ROOT, functions, resource, statements, template, variables

LAYER = ROOT / "layers" / "consultations"
FUNCTIONS = functions()


def code_of(function: dict[str, Any]) -> Path:
    return ROOT / str(function["CodeUri"]) / "handler.py"


def run_time_nodes(source: Path) -> list[ast.AST]:
    """All of a file but what stands there for the type checker only."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    blocks = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    typing_only = {id(node) for block in blocks for node in ast.walk(block)}
    return [node for node in ast.walk(tree) if id(node) not in typing_only]


def imported_modules(source: Path) -> set[Path]:
    """The layer's modules that a file imports, and those that they import."""
    found: set[Path] = set()
    waiting = [source]
    while waiting:
        for node in run_time_nodes(waiting.pop()):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("consultations"):
                names = [
                    node.module or "",
                    *(f"{node.module}.{alias.name}" for alias in node.names),
                ]
                for name in names:
                    module = LAYER.parent / f"{name.replace('.', '/')}.py"
                    if module.exists() and module not in found:
                        found.add(module)
                        waiting.append(module)
    return found


def variables_read(source: Path) -> set[str]:
    """The environment variables that a file reads: os.environ["NAME"] is the only way used."""
    return {
        node.slice.value
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Subscript)
        and ast.unparse(node.value) == "os.environ"
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
    }


@pytest.mark.parametrize("logical_id", FUNCTIONS)
def test_each_function_gets_just_the_variables_that_it_reads(logical_id: str) -> None:
    function = FUNCTIONS[logical_id]
    sources = {code_of(function), *imported_modules(code_of(function))}
    read = set().union(*map(variables_read, sources))
    if logical_id == "SubmitConsultationFunction":
        assert "ALLOWED_ORIGINS" in read  # the search itself finds something

    given = {name for name in variables(function) if not name.startswith("POWERTOOLS_")}
    assert given == read


@pytest.mark.parametrize("logical_id", FUNCTIONS)
def test_each_function_is_named_after_its_folder(logical_id: str) -> None:
    function = FUNCTIONS[logical_id]
    words = Path(str(function["CodeUri"])).name.split("_")

    assert logical_id == "".join(word.capitalize() for word in words) + "Function"
    assert code_of(function).is_file()


def test_every_folder_of_functions_is_deployed() -> None:
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")}

    assert folders == {Path(str(function["CodeUri"])).name for function in FUNCTIONS.values()}


def test_the_table_keeps_its_data_whatever_happens_to_the_stack() -> None:
    definition = template()["Resources"]["ConsultationsTable"]
    table = definition["Properties"]

    assert definition["DeletionPolicy"] == definition["UpdateReplacePolicy"] == "Retain"
    assert table["DeletionProtectionEnabled"] is True
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["SSESpecification"] == {
        "SSEEnabled": True,
        "SSEType": "KMS",
        "KMSMasterKeyId": {"Ref": "DataKey"},
    }
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    key = template()["Resources"]["DataKey"]
    assert key["DeletionPolicy"] == key["UpdateReplacePolicy"] == "Retain"
    assert key["Properties"]["EnableKeyRotation"] is True


def test_indexes_and_the_stream_hold_keys_only_and_no_key_is_personal() -> None:
    table = resource("ConsultationsTable")
    indexes = {index["IndexName"]: index for index in table["GlobalSecondaryIndexes"]}

    assert set(indexes) == {PENDING_ALERTS_INDEX, HELD_INDEX, EMAIL_INDEX, PHONE_INDEX}
    assert {definition["AttributeName"] for definition in table["AttributeDefinitions"]} == {
        *("id", "record", "pending", "received_at", "email_digest", "phone_digest", "held")
    }
    for index in indexes.values():
        assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    assert table["StreamSpecification"] == {"StreamViewType": "KEYS_ONLY"}


def test_the_stream_starts_the_alert_for_new_consultations_and_gives_up_in_the_open() -> None:
    event = FUNCTIONS["AlertStaffFunction"]["Events"]["NewConsultation"]["Properties"]

    (entry,) = event["FilterCriteria"]["Filters"]
    assert json.loads(entry["Pattern"]) == {
        "eventName": ["INSERT"],
        "dynamodb": {"Keys": {"record": {"S": [RECORD]}}},
    }
    assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert event["BisectBatchOnFunctionError"] is True
    assert event["StartingPosition"] == "TRIM_HORIZON"
    assert 0 < event["MaximumRetryAttempts"] < 100
    assert 0 < event["MaximumRecordAgeInSeconds"] < 86_400
    assert event["DestinationConfig"]["OnFailure"]["Type"] == "SQS"


def test_pending_alerts_are_tried_again_every_five_minutes() -> None:
    (event,) = FUNCTIONS["RetryAlertsFunction"]["Events"].values()

    assert event["Type"] == "ScheduleV2"
    assert event["Properties"]["ScheduleExpression"] == "rate(5 minutes)"


def gateway_responses() -> dict[str, Any]:
    responses: dict[str, Any] = resource("ConsultationsApi")["GatewayResponses"]
    return responses


@pytest.mark.parametrize("kind", gateway_responses())
def test_answers_of_the_gateway_itself_are_like_ours(kind: str) -> None:
    response = gateway_responses()[kind]
    headers = {
        name: value.strip("'") for name, value in response["ResponseParameters"]["Headers"].items()
    }

    # Values can't hold quotes there, so the policy is another one; the page adds its own to it.
    policy = "sandbox allow-top-navigation-to-custom-protocols"
    assert headers.pop("Content-Security-Policy") == policy
    for name in SECURITY_HEADERS.keys() - {"Content-Security-Policy"}:
        assert headers[name] == SECURITY_HEADERS[name]
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "Content-Type" not in headers  # it is the template's
    templates = response["ResponseTemplates"]
    assert templates.keys() == {"application/json", "application/problem+json", "text/html"}
    assert templates["application/json"] == templates["application/problem+json"]
    document = json.loads(templates["application/json"])
    assert {"type", "title", "detail", "code", "correlation_id"} <= document.keys()
    assert document["correlation_id"] == "$context.requestId"


def test_the_page_of_the_gateway_has_the_clinics_phone_and_help_in_a_crisis() -> None:
    """It can't be rendered from clinic.toml and the catalogues, so it is held against them."""
    (page,) = {str(each["ResponseTemplates"]["text/html"]) for each in gateway_responses().values()}
    clinic = load_clinic()
    text = " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", "", page).split())

    for language in LANGUAGES:
        assert crisis_text(translation(language)) in text
    assert text.count(f"{clinic.name} at {clinic.phone}") == 1
    assert text.count(f"{clinic.name} al {clinic.phone}") == 1
    (style,) = re.findall(r"<style>(.*?)</style>", page)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in " ".join(page.split())
    assert "$" not in page  # nothing that the gateway would take for a variable


def test_the_gateway_answers_what_never_reaches_the_function() -> None:
    responses = gateway_responses()

    assert responses["MISSING_AUTHENTICATION_TOKEN"]["StatusCode"] == 404
    assert responses["REQUEST_TOO_LARGE"]["StatusCode"] == 413
    assert responses["THROTTLED"]["StatusCode"] == 429
    assert "Retry-After" in responses["THROTTLED"]["ResponseParameters"]["Headers"]
    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= responses.keys()
    assert f"{BODY_MAX_BYTES:,}" in str(responses["REQUEST_TOO_LARGE"])


def test_bodies_are_never_logged_and_reach_the_function_as_bytes() -> None:
    api = resource("ConsultationsApi")
    (settings,) = api["MethodSettings"]

    assert settings["DataTraceEnabled"] is False
    assert "LoggingLevel" not in settings
    assert api["TracingEnabled"] is True
    assert api["BinaryMediaTypes"] == ["*~1*"]


def test_an_access_log_line_holds_nothing_that_a_caller_wrote() -> None:
    """The gateway fills in variables by name; a caller writes into some of those and not these.

    $context.path, identity.*, the domain and the error messages can repeat what was sent.
    """
    log_format = resource("ConsultationsApi")["AccessLogSetting"]["Format"]
    variables = set(re.findall(r"\$[A-Za-z.]+", log_format))
    request = event("get_form.json")
    planted = planted_in(request["requestContext"])
    line = log_format
    for variable in sorted(variables, key=len, reverse=True):
        line = line.replace(variable, value_in(planted, variable.removeprefix("$context.")))

    assert variables == {
        "$context.requestId",
        "$context.requestTime",
        "$context.httpMethod",
        "$context.resourcePath",
        "$context.status",
        "$context.responseLatency",
        "$context.integrationLatency",
        "$context.responseLength",
        "$context.error.responseType",
        "$context.xrayTraceId",
    }
    assert "Zyxwv" not in line
    assert json.loads(line)["path"] == "/"


def planted_in(context: dict[str, Any]) -> dict[str, Any]:
    """The gateway's context of a request whose path, address, browser and host a caller chose."""
    chosen = {"path", "domainName", "domainPrefix", "sourceIp", "userAgent"}
    return {
        name: planted_in(value)
        if isinstance(value, dict)
        else ("Zyxwv" if name in chosen else value)
        for name, value in context.items()
    }


def value_in(context: dict[str, Any], variable: str) -> str:
    """What the gateway writes for a variable; - where there is nothing (API Gateway, $context)."""
    value: Any = context
    for name in variable.split("."):
        value = value.get(name, "-") if isinstance(value, dict) else "-"
    return str(value)


def test_every_log_group_is_encrypted_and_ends() -> None:
    groups = [
        definition["Properties"]
        for definition in template()["Resources"].values()
        if definition["Type"] == "AWS::Logs::LogGroup"
    ]

    assert len(groups) == len(FUNCTIONS) + 2  # the API's and the WAF's
    for group in groups:
        assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}
        assert group["KmsKeyId"] == {"Fn::GetAtt": "DataKey.Arn"}


def test_alerts_leave_over_tls_only() -> None:
    assert resource("AlertMail")["DeliveryOptions"] == {"TlsPolicy": "REQUIRE"}


def test_every_parameter_says_what_it_is_for() -> None:
    for name, parameter in template()["Parameters"].items():
        assert parameter["Description"], name
        assert "Default" in parameter, name


def test_the_readme_explains_every_parameter() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert [name for name in template()["Parameters"] if f"`{name}`" not in readme] == []


@pytest.mark.parametrize("logical_id", FUNCTIONS)
def test_roles_name_their_resources(logical_id: str) -> None:
    role = FUNCTIONS[logical_id]["Role"]["Fn::GetAtt"].removesuffix(".Arn")

    for statement in statements(role):
        actions = statement["Action"]
        actions = [actions] if isinstance(actions, str) else actions
        assert not any(action.endswith(":*") or action == "*" for action in actions)
        if statement["Resource"] == "*":
            assert all(action.startswith("xray:") for action in actions)


def test_the_function_that_anyone_can_call_may_only_put_into_the_table() -> None:
    actions = [
        action
        for statement in statements("SubmitConsultationRole")
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
        if action.startswith(("dynamodb:", "ses:", "sqs:"))
    ]

    assert actions == ["dynamodb:PutItem"]
