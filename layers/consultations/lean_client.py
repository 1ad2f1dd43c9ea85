"""A DynamoDB client that does for each call only what DynamoDB's own calls need.

botocore asks all over again, for each call, what can only have one answer here: where the endpoint
is, which headers are signed, what the key of today's signatures is, and how attribute values are
written. A test holds what is sent to what an untouched client sends, byte for byte.
"""

from functools import lru_cache
from hashlib import sha256
from hmac import digest
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from botocore.auth import (
    AUTH_TYPE_MAPS,
    SIGNED_HEADERS_BLACKLIST,
    SIGV4_TIMESTAMP,
    SigV4Auth,
    _host_from_url,
)
from botocore.compat import get_current_datetime
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


class _Signature(SigV4Auth):
    """Signature version 4 of what is posted to the root of an endpoint, as DynamoDB's calls are.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """

    def add_auth(self, request: "AWSRequest") -> None:
        """Put date and signature into the headers."""
        host = _host_of_root(request.url)
        if host is None:
            super().add_auth(request)
            return
        time = get_current_datetime().strftime(SIGV4_TIMESTAMP)
        request.context["timestamp"] = time
        self._modify_request_before_signing(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        headers["host"] = host
        signed = sorted(headers.keys() - SIGNED_HEADERS_BLACKLIST)
        names = ";".join(signed)
        lines = "\n".join([f"{name}:{' '.join(headers[name].split())}" for name in signed])
        canonical = (
            f"POST\n/\n\n{lines}\n\n{names}\n{sha256(cast(bytes, request.data)).hexdigest()}"
        )
        scope = f"{time[:8]}/{self._region_name}/{self._service_name}/aws4_request"
        to_sign = f"AWS4-HMAC-SHA256\n{time}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
        key = _signing_key(self.credentials.secret_key, scope)
        request.headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.credentials.access_key}/{scope}, "
            f"SignedHeaders={names}, Signature={digest(key, to_sign.encode(), 'sha256').hex()}"
        )


@lru_cache(maxsize=1)
def _host_of_root(url: str) -> str | None:
    """The host that an address of an endpoint's root names; None for any other path."""
    parts = urlsplit(url)
    return _host_from_url(url) if parts.path in ("", "/") and not parts.query else None


@lru_cache(maxsize=1)  # the same for a day, as long as the credentials are
def _signing_key(secret: str, scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = digest(key, part.encode(), "sha256")
    return key
