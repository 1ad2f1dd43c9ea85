"""How a new version of the functions takes over, as the transform that AWS applies makes it.

The emulator knows the defaults of parameters only when it transforms a template, so what prod gets
is asked of the transform itself.
"""

import json
import re
import subprocess
from functools import cache
from typing import Any

import pytest

from local.processes import TOOLS
from tests.template import ROOT, functions, resource, template

FUNCTIONS = functions()
PARAMETERS: dict[str, dict[str, Any]] = template()["Parameters"]
DESCRIPTION_MAX = 256
"""docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html, in characters."""

SHIFTED = {
    "SubmitConsultationFunction",
    "AlertStaffFunction",
    "RetryAlertsFunction",
    "RecordMailEventFunction",
}
"""Those that are called within the five minutes of a shift; the others run once a day."""

TRANSFORM = """
import json, sys
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

def resources(parameters):
    body = yaml_parse(open("template.yaml", encoding="utf-8").read())
    for definition in body["Resources"].values():
        for name in ("CodeUri", "ContentUri"):
            if name in definition.get("Properties", {}):
                definition["Properties"][name] = "s3://bucket/key"
    return Translator({}, Parser()).translate(body, parameters)["Resources"]

json.dump([resources(parameters) for parameters in json.loads(sys.argv[1])], sys.stdout)
"""
DEPLOYS = [
    {"Stage": "dev", "TrafficShift": "gradual"},
    {"Stage": "staging", "TrafficShift": "gradual"},
    {"Stage": "prod", "TrafficShift": "gradual"},
    {"Stage": "prod", "TrafficShift": "instant"},
]


@cache
def transformed() -> list[dict[str, Any]]:
    """The resources of each of these deploys."""
    done = subprocess.run(
        [TOOLS / "python", "-c", TRANSFORM, json.dumps(DEPLOYS)],
        cwd=ROOT,
        env={"AWS_DEFAULT_REGION": "us-east-1"},
        check=True,
        capture_output=True,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def of_type(resources: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {name: each for name, each in resources.items() if each["Type"] == kind}


@pytest.mark.parametrize("deploy", range(len(DEPLOYS)), ids=lambda n: str(DEPLOYS[n]))
def test_only_prod_shifts_gradually_and_only_unless_told_otherwise(deploy: int) -> None:
    resources = transformed()[deploy]
    gradual = DEPLOYS[deploy] == {"Stage": "prod", "TrafficShift": "gradual"}
    groups = of_type(resources, "AWS::CodeDeploy::DeploymentGroup")
    with_policy = {
        alias["Properties"]["FunctionName"]["Ref"]
        for alias in of_type(resources, "AWS::Lambda::Alias").values()
        if "CodeDeployLambdaAliasUpdate" in alias.get("UpdatePolicy", {})
    }

    assert with_policy == (SHIFTED if gradual else set())
    assert set(groups) == {f"{name}DeploymentGroup" for name in with_policy}
    for group in groups.values():
        properties = group["Properties"]
        assert properties["AlarmConfiguration"]["Enabled"] is True
        assert "DEPLOYMENT_STOP_ON_ALARM" in properties["AutoRollbackConfiguration"]["Events"]
        assert "Canary10Percent5Minutes" in str(properties["DeploymentConfigName"])


@pytest.mark.parametrize("logical_id", sorted(SHIFTED))
def test_the_alarms_that_turn_a_shift_back_are_about_what_is_shifted(logical_id: str) -> None:
    alarms = [each["Ref"] for each in FUNCTIONS[logical_id]["DeploymentPreference"]["Alarms"]]
    dimensions = [resource(name)["Dimensions"][0] for name in alarms]

    assert {"Name": "FunctionName", "Value": {"Ref": logical_id}} in dimensions
    for name in alarms:
        assert "Condition" not in template()["Resources"][name]


def test_everything_calls_the_functions_through_their_alias() -> None:
    resources = transformed()[0]
    names = re.compile(r'"(Fn::GetAtt|Ref)": \[?"(\w+Function)["\.]')
    bare = {
        name
        for name, definition in resources.items()
        if definition["Type"]
        in (
            "AWS::ApiGateway::RestApi",
            "AWS::Lambda::EventSourceMapping",
            "AWS::Scheduler::Schedule",
            "AWS::Events::Rule",
            "AWS::Lambda::Permission",
        )
        and names.search(json.dumps(definition))
    }
    sources = [each for each in resources if "Aliaslive" in json.dumps(resources[each])]

    assert bare == set()
    assert len(sources) > len(FUNCTIONS)  # the search itself finds something
    assert template()["Outputs"]["RetryAlertsFunctionName"]["Value"] == {
        "Ref": "RetryAlertsFunction.Alias"
    }


def test_another_layer_is_another_version() -> None:
    assert resource("ConsultationsLayer")["PublishLambdaVersion"] is True
    assert template()["Globals"]["Function"]["AutoPublishAliasAllProperties"] is True


def references(value: object) -> set[str]:
    """The parameters that a value is made of, not those that only decide between two of them."""
    if isinstance(value, dict):
        if "Ref" in value:
            return {value["Ref"]} & PARAMETERS.keys()
        return {name for part in value.values() for name in references(part)}
    if isinstance(value, list):
        return {name for part in value for name in references(part)}
    return set(re.findall(r"\$\{(\w+)\}", str(value))) & PARAMETERS.keys()


def described(logical_id: str) -> set[str]:
    return references(FUNCTIONS[logical_id]["VersionDescription"])


@pytest.mark.parametrize("logical_id", FUNCTIONS)
def test_another_value_of_a_parameter_that_a_function_sees_is_another_version(
    logical_id: str,
) -> None:
    function = FUNCTIONS[logical_id]
    shared = template()["Globals"]["Function"]["Environment"]
    seen = references(shared) | references(function["Environment"])
    if "SnapStart" in function:
        seen |= {"SnapStart"}

    assert seen
    assert described(logical_id) == seen


@pytest.mark.parametrize("logical_id", FUNCTIONS)
def test_the_longest_description_of_a_version_is_short_enough(logical_id: str) -> None:
    def longest(name: str) -> int:
        parameter = PARAMETERS[name]
        if "AllowedValues" in parameter:
            return max(len(str(value)) for value in parameter["AllowedValues"])
        return int(parameter.get("MaxLength") or len(str(parameter["MaxValue"])))

    of_aws = len("https://abcdefghij.execute-api.ap-southeast-1.amazonaws.com/")
    sizes = sum(longest(name) + 1 for name in described(logical_id))
    assert sizes + (of_aws if logical_id == "SendHeartbeatFunction" else 0) <= DESCRIPTION_MAX


def test_snap_start_is_off_unless_asked_for() -> None:
    assert PARAMETERS["SnapStart"]["Default"] == "off"
    assert FUNCTIONS["SubmitConsultationFunction"]["SnapStart"] == {
        "ApplyOn": {"Fn::If": ["UsesSnapStart", "PublishedVersions", "None"]}
    }


def test_nothing_that_two_stacks_of_one_account_would_share_has_a_fixed_name() -> None:
    name = re.compile(r"^(Table|Queue|Topic|Function|Role|Policy|Rule|Alarm|Dashboard|Stack)?Name$")
    of_its_own_stack = re.compile(r"AWS::StackName|'Ref': '(DomainName|FormDomain)'")
    fixed = {
        f"{logical_id}.{key}": value
        for logical_id, definition in template()["Resources"].items()
        for key, value in definition["Properties"].items()
        if (name.match(key) or key == "LogGroupName") and not of_its_own_stack.search(str(value))
    }

    assert fixed == {}
