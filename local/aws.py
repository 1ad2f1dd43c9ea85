"""AWS for local runs is the emulator, whatever AWS settings the caller's environment has."""

import os
from typing import TYPE_CHECKING

import boto3
import botocore.session
from botocore.config import Config

from local.processes import TOOLS

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

REGION = "us-east-1"
KEY = "test"
"""The emulator takes it for its root; no other AWS does."""

NOWHERE = "http://127.0.0.1:9"
"""The discard port of this machine."""

SAM_FOLDER = TOOLS.parent / "sam"
"""The SAM CLI's own settings, made with it: no telemetry, no looking for a newer version."""

_CALLERS_OWN = ("AWS_", "MAKE", "MFLAGS", "PYTHON", "SAM_CLI_", "VIRTUAL_ENV")
_NO_PROFILE = (None, None, None, None)
_NO_FILE = (None, None, os.devnull, None)


def tool_environment(endpoint_url: str = NOWHERE) -> dict[str, str]:
    """The environment for the SAM CLI, so that it talks to the emulator and to no other AWS.

    Without an address for a command that has nothing to ask AWS.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_CALLERS_OWN)}
    direct = ",".join(filter(None, [os.environ.get("NO_PROXY"), "127.0.0.1"]))
    return kept | {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_SECRET_ACCESS_KEY": KEY,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": direct,
        "SAM_CLI_POLL_DELAY": "0.5",
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(SAM_FOLDER),
        "no_proxy": direct,
    }


class Aws:
    """The clients of one emulator."""

    def __init__(self, endpoint_url: str) -> None:
        core = botocore.session.Session(
            session_vars={
                "profile": _NO_PROFILE,
                "config_file": _NO_FILE,
                "credentials_file": _NO_FILE,
            }
        )
        self._session = boto3.Session(
            aws_access_key_id=KEY,
            aws_secret_access_key=KEY,
            region_name=REGION,
            botocore_session=core,
        )
        self._endpoint_url = endpoint_url
        self._config = Config(proxies={}, retries={"mode": "standard", "total_max_attempts": 3})

    @property
    def cloudformation(self) -> "CloudFormationClient":
        """The stack and what it is made of."""
        return self._session.client(
            "cloudformation", endpoint_url=self._endpoint_url, config=self._config
        )

    @property
    def cloudwatch(self) -> "CloudWatchClient":
        """The alarms."""
        return self._session.client(
            "cloudwatch", endpoint_url=self._endpoint_url, config=self._config
        )

    @property
    def dynamodb(self) -> "DynamoDBClient":
        """The table."""
        return self._session.client(
            "dynamodb", endpoint_url=self._endpoint_url, config=self._config
        )

    @property
    def events(self) -> "EventBridgeClient":
        """The bus of events."""
        return self._session.client("events", endpoint_url=self._endpoint_url, config=self._config)

    @property
    def functions(self) -> "LambdaClient":
        """The functions."""
        return self._session.client("lambda", endpoint_url=self._endpoint_url, config=self._config)

    @property
    def s3(self) -> "S3Client":
        """Where templates are uploaded to."""
        return self._session.client(
            "s3",
            endpoint_url=self._endpoint_url,
            config=self._config.merge(Config(s3={"addressing_style": "path"})),
        )

    @property
    def sesv2(self) -> "SESV2Client":
        """The mail."""
        return self._session.client("sesv2", endpoint_url=self._endpoint_url, config=self._config)

    @property
    def logs(self) -> "CloudWatchLogsClient":
        """What was logged."""
        return self._session.client("logs", endpoint_url=self._endpoint_url, config=self._config)

    @property
    def sns(self) -> "SNSClient":
        """The topic of alarms."""
        return self._session.client("sns", endpoint_url=self._endpoint_url, config=self._config)

    @property
    def sqs(self) -> "SQSClient":
        """The dead letters."""
        return self._session.client("sqs", endpoint_url=self._endpoint_url, config=self._config)

    @property
    def streams(self) -> "DynamoDBStreamsClient":
        """The table's stream."""
        return self._session.client(
            "dynamodbstreams", endpoint_url=self._endpoint_url, config=self._config
        )
