"""The AWS clients, with the patience that each caller can afford, and what their errors are."""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient


def dynamodb_client() -> "DynamoDBClient":
    """A client for a person who waits: three tries of at most 3 s each, within 12 s."""
    return boto3.client("dynamodb", config=_config(read_timeout=2, tries=3))


def sesv2_client() -> "SESV2Client":
    """A client for mail: one try of at most 6 s, since a retry might be a second mail."""
    return boto3.client("sesv2", config=_config(read_timeout=5, tries=1))


def sqs_client() -> "SQSClient":
    """A client for a short notice: two tries of at most 3 s each."""
    return boto3.client("sqs", config=_config(read_timeout=2, tries=2))


def sns_client() -> "SNSClient":
    """A client for a short notice: two tries of at most 3 s each."""
    return boto3.client("sns", config=_config(read_timeout=2, tries=2))


def error_code(error: Exception) -> str:
    """What an AWS call failed with, without its message, which may repeat what was sent."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"]
    return type(error).__name__


def _config(*, read_timeout: int, tries: int) -> Config:
    return Config(
        connect_timeout=1,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": tries},
    )
