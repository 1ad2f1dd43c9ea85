"""SnapStart: what a first request would find undone is done before Lambda takes its snapshot.

Lambda Developer Guide, "Lambda SnapStart runtime hooks for Python". Without SnapStart nothing here
does anything: an ordinary start would only be longer.
"""

import json
import os
import random
from collections.abc import Callable, Iterator

from consultations import cold_start
from consultations.clinic import NOT_SURE
from consultations.http_request import HttpRequest
from consultations.language import LANGUAGES


def rehearse_with(rehearsal: Callable[[], None]) -> None:
    """Have this done before the snapshot, and chance begin anew in each function made of it."""
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "snap-start":
        return
    # A part of Lambda's runtime.
    from snapshot_restore_py import register_after_restore, register_before_snapshot

    # In the reverse order of their registration: the rehearsal, then this.
    register_before_snapshot(cold_start.finished)
    register_before_snapshot(rehearsal)
    # Retries wait for a time of chance, so that functions which failed together do not come back
    # together; all functions of one snapshot would have the same chance.
    register_after_restore(random.seed)


def requests() -> Iterator[HttpRequest]:
    """What people send and ask for, in each language and each encoding. Nobody wrote these."""
    fields: dict[str, object] = {
        "full_name": "Rehearsal",
        "preferred_contact": "call",
        "phone": "+1 480-555-0100",
        "email": "rehearsal@example.com",
        "location": NOT_SURE,
        "age_18_plus": "on",
        "consent_to_contact": "on",
        "ack_not_emergency": "on",
        "message": "Nothing of this is stored.",
    }
    part = 'Content-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    parts = "".join("--rehearsal\r\n" + part.format(*field) for field in fields.items())
    for language in LANGUAGES:
        for content_type, body in {
            "application/json": json.dumps(fields),
            "application/x-www-form-urlencoded": "&".join(
                f"{name}={value}" for name, value in fields.items()
            ).replace("+", "%2B"),
            "multipart/form-data; boundary=rehearsal": f"{parts}--rehearsal--\r\n",
        }.items():
            yield _request("POST", "/consultations", language, content_type, body)
        for resource in ("/", "/received", "/form.js"):
            yield _request("GET", resource, language)


def _request(
    method: str, resource: str, language: str, content_type: str = "", body: str = ""
) -> HttpRequest:
    return HttpRequest(
        method=method,
        resource=resource,
        url_path=f"/dev{resource}",
        path_parameters={},
        query={"lang": language, "reference": "0000-0000-0000"},
        headers={"content-type": content_type, "accept": "*/*" if body else "text/html"},
        correlation_id="rehearsal",
        raw_body=body,
        is_base64=False,
    )
