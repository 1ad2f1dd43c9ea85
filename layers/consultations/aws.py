"""The AWS clients, with the patience that each caller can afford, and what their errors are."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ClientError

from consultations.lean_client import make_lean

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

_AMAZON_ROOTS = Path(__file__).with_name("amazon_roots.pem")  # written by the layer's build


def dynamodb_client() -> "DynamoDBClient":
    """A client for a person who waits: three tries of at most 3 s each, within 12 s."""
    client = boto3.client(
        "dynamodb",
        config=_config(
            read_timeout=2,
            tries=3,
            # A fifth of what a put costs, and it tells nobody anything: what is put is made by
            # this package alone, and its tests put it where it is checked.
            parameter_validation=False,
            user_agent="consultations",
            account_id_endpoint_mode="disabled",
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            disable_request_compression=True,
        ),
        verify=_trusted_roots(),
    )
    make_lean(client)
    return client


def sesv2_client() -> "SESV2Client":
    """A client for mail: one try of at most 6 s, since a retry might be a second mail."""
    return boto3.client("sesv2", config=_config(read_timeout=5, tries=1), verify=_trusted_roots())


def sqs_client() -> "SQSClient":
    """A client for a short notice: two tries of at most 3 s each."""
    return boto3.client("sqs", config=_config(read_timeout=2, tries=2), verify=_trusted_roots())


def sns_client() -> "SNSClient":
    """A client for a short notice: two tries of at most 3 s each."""
    return boto3.client("sns", config=_config(read_timeout=2, tries=2), verify=_trusted_roots())


@contextmanager
def rehearsal(client: "DynamoDBClient") -> Iterator[None]:
    """As long as this lasts each call of the client succeeds, and nothing of it is sent.

    The call is made ready as far as that goes without credentials, which a snapshot must not hold.
    """
    events: Any = client.meta.events  # whose types leave out that handlers may answer

    def succeed(**_: object) -> tuple[AWSResponse, dict[str, Any]]:
        return AWSResponse("", HTTPStatus.OK, HTTPHeaders(), None), {}

    events.register("before-call.dynamodb", succeed)
    try:
        yield
    finally:
        events.unregister("before-call.dynamodb", succeed)


def error_code(error: Exception) -> str:
    """What an AWS call failed with, without its message, which may repeat what was sent."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"]
    return type(error).__name__


def _trusted_roots() -> str | None:
    """The bundle of certificate authorities to trust; None is boto3's own, with all of them.

    Reading the five that AWS's endpoints use instead of 140 saves 18 ms of each first connection.
    """
    return str(_AMAZON_ROOTS) if os.environ["TRUSTED_ROOTS"] == "amazon" else None


def _config(*, read_timeout: int, tries: int, **settings: Any) -> Config:  # noqa: ANN401 - as Config takes them
    return Config(
        connect_timeout=1,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": tries},
        **settings,
    )
