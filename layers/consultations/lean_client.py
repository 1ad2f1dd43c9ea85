"""A DynamoDB client that does for each call only what DynamoDB's own calls need.

botocore asks all over again, for each call, what can only have one answer here: where the endpoint
is, which headers are signed, and how attribute values are written. Signing itself is botocore's.
A test holds what is sent to what an untouched client sends, byte for byte.
"""

from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

from botocore.auth import AUTH_TYPE_MAPS, SIGNED_HEADERS_BLACKLIST, SigV4Auth, _host_from_url
from botocore.serialize import JSONSerializer

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSRequest
    from botocore.model import Shape
    from mypy_boto3_dynamodb import DynamoDBClient

_SIGNATURE = "consultations-v4"


def make_lean(client: "DynamoDBClient") -> None:
    """Change this client for good. It must be one without checks of parameters."""
    parts: Any = client
    parts._serializer = _Serializer()
    # All that the address depends on is the client's own, its endpoint mode being "disabled".
    resolver = parts._ruleset_resolver
    resolver.construct_endpoint = _Once(resolver.construct_endpoint)
    AUTH_TYPE_MAPS[_SIGNATURE] = _Signature
    parts.meta.events.register_first("choose-signer.dynamodb", lambda **_: _SIGNATURE)
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


class _Headers(dict[str, str]):
    """Headers of which each comes once, as botocore's signature looks at them."""

    def get_all(self, name: str) -> list[str]:
        return [self[name]]


class _Signature(SigV4Auth):
    """botocore's signature, of headers that are looked up once and of a body that is there.

    botocore collects the headers twice, through the classes that read mail, and makes the whole
    request ready for sending to find its body.
    """

    def headers_to_sign(self, request: "AWSRequest") -> Any:
        if "signed_headers" not in request.context:
            headers = {name.lower(): value for name, value in request.headers.items()}
            headers["host"] = _host(request.url)
            request.context["signed_headers"] = _Headers(
                (name, value)
                for name, value in headers.items()
                if name not in SIGNED_HEADERS_BLACKLIST
            )
        return request.context["signed_headers"]

    def payload(self, request: "AWSRequest") -> str:
        return sha256(cast(bytes, request.data)).hexdigest()

    def _modify_request_before_signing(self, request: "AWSRequest") -> None:
        request.context.pop("signed_headers", None)  # those of an earlier try
        super()._modify_request_before_signing(request)  # type: ignore[misc] # not in the stubs


_host = lru_cache(maxsize=1)(_host_from_url)
