"""The product on the emulator: template.yaml itself, built and deployed by the real SAM CLI."""

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from local.aws import Aws, tool_environment
from local.emulator import Emulator, running_emulator
from local.processes import TOOLS, complete
from local.steps import step

STACK_NAME = "consultations-local"
SENDER = "alerts@example.com"
RECIPIENT = "team@example.com"
"""Who gets every alert, as in any deployment that is not production."""
PARAMETERS = {"Stage": "dev", "SenderAddress": SENDER, "AlertOverrideAddress": RECIPIENT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The deployed stack."""

    emulator: Emulator
    aws: Aws
    form_url: str
    consultations_url: str
    table_name: str
    allowed_origins: Sequence[str]


@contextmanager
def running_stack(
    *,
    port: int,
    folder: Path,
    allowed_origins: Sequence[str],
    parameters: Mapping[str, str] = MappingProxyType({}),
    functions_environment: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Stack]:
    """The stack on an emulator on this port; afterwards nothing of it runs any more.

    What is built and logged is kept in `folder`; `parameters` are further ones of the template,
    `functions_environment` variables that the functions see beside those of the template.
    Raises StartError if a step fails.
    """
    origins = {"AllowedOrigins": ",".join(allowed_origins)}
    with ExitStack() as started:
        with step("Building the functions and their layer"):
            template = _build(folder)
        with step("Starting the AWS emulator"):
            emulator = started.enter_context(
                running_emulator(port=port, folder=folder, functions=functions_environment)
            )
        with step("Deploying template.yaml to it"):
            _deploy(template, emulator, folder, {**PARAMETERS, **origins, **parameters})
        aws = Aws(emulator.url)
        with step("Verifying the sender of the alerts"):
            aws.sesv2.create_email_identity(EmailIdentity=SENDER)
        yield _deployed(emulator, aws, allowed_origins)


def _build(folder: Path) -> Path:
    # The emulator runs the functions on its own interpreter, so the layer is built by it and for
    # it, and kept apart from what `make build` makes for Lambda.
    interpreter = {"PYTHON": shlex.quote(str(TOOLS / "python")), "PLATFORM": ""}
    build = folder / "build"
    cache = folder / f"cache-{sys.implementation.cache_tag}"
    complete(
        ["sam", "build", "--cached", "--build-dir", str(build), "--cache-dir", str(cache)],
        log=folder / "build.log",
        environment=tool_environment() | interpreter,
        failed="`sam build` failed.",
    )
    return build / "template.yaml"


def _deploy(
    template: Path, emulator: Emulator, folder: Path, parameters: Mapping[str, str]
) -> None:
    complete(
        [
            *("sam", "deploy", "--template-file", str(template), "--stack-name", STACK_NAME),
            *("--resolve-s3", "--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset"),
            "--no-progressbar",
            "--parameter-overrides",
            *(f"{name}={value}" for name, value in parameters.items()),
        ],
        log=folder / "deploy.log",
        environment=tool_environment(emulator.url),
        failed="`sam deploy` to the emulator failed.",
    )


def _deployed(emulator: Emulator, aws: Aws, allowed_origins: Sequence[str]) -> Stack:
    stack = aws.cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    api = f"{emulator.url}/_aws/execute-api/{outputs['ApiId']}"
    return Stack(
        emulator=emulator,
        aws=aws,
        form_url=api + urlsplit(outputs["FormUrl"]).path,
        consultations_url=api + urlsplit(outputs["ConsultationsUrl"]).path,
        table_name=outputs["TableName"],
        allowed_origins=allowed_origins,
    )
