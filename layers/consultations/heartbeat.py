"""The daily test submission: how the deployment recognises its own among all that is posted."""

import hmac
from datetime import UTC, datetime, timedelta

HEADER = "heartbeat"
VALID_FOR = timedelta(minutes=5)
KEPT_FOR = timedelta(days=1)
"""Should it not be removed when it has arrived."""


def proof(key: str, *, salt: str, at: datetime) -> str:
    """The header that proves a submission with this key to be a heartbeat, for five minutes.

    An HMAC with the deployment's salt, which no client ever sees; its purpose and its time are
    part of what is signed.
    """
    seconds = str(int(at.timestamp()))
    return f"{seconds}.{_mac(key, seconds, salt)}"


def is_proven(header: str, key: str | None, *, salt: str, now: datetime) -> bool:
    """Whether this header proves it. Anything else is no error: the submission is a person's."""
    seconds, _, mac = header.partition(".")
    if key is None or not hmac.compare_digest(mac.encode(), _mac(key, seconds, salt).encode()):
        return False  # before anything in it is read
    return abs(now - datetime.fromtimestamp(int(seconds), UTC)) <= VALID_FOR


def _mac(key: str, seconds: str, salt: str) -> str:
    signed = f"heartbeat {seconds} {key}"
    return hmac.digest(salt.encode(), signed.encode(), "sha256").hex()
