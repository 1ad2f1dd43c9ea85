"""A DynamoDB client that does for each call only what DynamoDB's own calls need.

botocore asks all over again, for each call, what can only have one answer here: where the endpoint
is, and how attribute values are written. Signing is botocore's own. A test holds what is sent to
what an untouched client sends, byte for byte.
"""

from typing import TYPE_CHECKING, Any

from botocore.serialize import JSONSerializer

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from botocore.model import Shape
    from mypy_boto3_dynamodb import DynamoDBClient


def make_lean(client: "DynamoDBClient") -> None:
    """Change this client for good. It must be one without checks of parameters."""
    parts: Any = client
    parts._serializer = _Serializer()
    # All that the address depends on is the client's own, its endpoint mode being "disabled".
    resolver = parts._ruleset_resolver
    resolver.construct_endpoint = _Once(resolver.construct_endpoint)
    parts.meta.events.register("before-send.dynamodb", _with_plain_headers)


class _Once:
    """A function whose first answer is the answer to all calls."""

    def __init__(self, function: Any) -> None:
        self._function = function
        self._answer: Any = None

    def __call__(self, **arguments: Any) -> Any:
        if self._answer is None:
            self._answer = self._function(**arguments)
        return self._answer


class _Serializer(JSONSerializer):
    """Writes parameters as they are: those of DynamoDB, without bytes, are JSON already.

    botocore walks through the shapes of every value to find the bytes.
    """

    def _serialize(self, serialized: dict[str, Any], value: Any, _: "Shape") -> None:
        serialized.update(value)


def _with_plain_headers(request: "AWSPreparedRequest", **_: object) -> None:
    """Give urllib3, which copies and looks up headers several times, what is quick to copy.

    They are complete by now, and their names are spelt in one way.
    """
    request.headers = dict(request.headers.items())  # type: ignore[assignment] # any mapping
