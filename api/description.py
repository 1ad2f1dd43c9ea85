"""The API as an OpenAPI 3.1 document, made of the models that validate and answer.

Run as a program it writes layers/consultations/openapi.json, which the API serves as it is;
with --check it fails if the file is not what the models say today.
"""

import argparse
import json
import sys
from typing import Any

from pydantic import TypeAdapter

from consultations import consultation_request as requests
from consultations.clinic import NOT_SURE, Clinic, load_clinic
from consultations.contact_details import EMAIL_MAX_LENGTH, PHONE_MAX_LENGTH
from consultations.http_response import DESCRIPTION_FILE, SECURITY_HEADERS
from consultations.problem import BODY_MAX_BYTES, MEDIA_TYPES, RETRY_AFTER_SECONDS

Schema = dict[str, Any]

_INVISIBLE = (
    r"\u0000-\u0008\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u2064\u2066-\u2069\ufeff"
)
"""What `text.without_invisible` removes and is not white space."""
_BLANK = f"^[\\s{_INVISIBLE}]*$"
_NOT_BLANK = f"[^\\s{_INVISIBLE}]"
_UUID = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_TICKED = r"^\s*([Tt][Rr][Uu][Ee]|[Oo][Nn]|[Yy][Ee][Ss]|1)\s*$"
_UNTICKED = r"^\s*([Ff][Aa][Ll][Ss][Ee]|[Oo][Ff][Ff]|[Nn][Oo]|0)\s*$"

_NOT_GIVEN: list[Schema] = [{"type": "null"}, {"type": "string", "pattern": _BLANK}]
"""A browser sends every text box, empty or not."""

_MUST_BE_TICKED = ("age_18_plus", "consent_to_contact", "ack_not_emergency")

_DESCRIPTIONS = {
    "full_name": "Any name, in any script. Kept as typed.",
    "preferred_contact": "How the clinic should answer; decides whether phone or email is needed.",
    "phone": "A number with its area code, in any notation; without a country it is read as US.",
    "email": "An address that mail can reach.",
    "language": "The language to answer in.",
    "may_leave_message": "Whether a voice message may mention the clinic.",
    "best_time": "When to answer, in the time zone of the location.",
    "location": "Where the person would like to be seen.",
    "age_18_plus": "Whether the person is 18 or older, which they must be.",
    "interests": "What the consultation is about; one may be sent alone.",
    "referral_source": "How the person heard of the clinic.",
    "message": "Anything else. No medical detail is needed.",
    "consent_to_contact": "The person agrees to be contacted.",
    "ack_not_emergency": "The person knows that the form is not for emergencies.",
    "consent_sms": "The person agrees to text messages. Never required.",
    "homepage": "A trap for programs, hidden from people: leave it out.",
    "submission_id": "The same as Idempotency-Key, for forms that can't send a header.",
    "form_opened_at": "When the form was opened.",
}


def description(clinic: Clinic) -> Schema:
    """The OpenAPI document of this clinic's API."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Consultation requests of {clinic.name}",
            "version": "1",
            "description": (
                "Receives the form with which people ask for a free consultation. A success "
                "answer means that the request is stored. Errors never repeat what was sent."
            ),
        },
        "servers": [{"url": "."}],
        "paths": {
            "/consultations": {"post": _post(), "options": _preflight()},
            "/openapi.json": {"get": _this_document()},
        },
        "components": {
            "schemas": {
                "ConsultationRequest": _request_schema(clinic),
                "ConsultationForm": _form_schema(clinic),
                "Receipt": _receipt_schema(),
                "Problem": _problem_schema(),
            },
            "headers": _headers(),
        },
    }


def _post() -> Schema:
    return {
        "operationId": "submitConsultation",
        "summary": "Ask for a consultation",
        "description": (
            f"At most {BODY_MAX_BYTES:,} bytes. The same key with the same content is answered "
            "as the first time and stored once."
        ),
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "A UUID that names this submission, bare or in double quotes.",
                "schema": {"type": "string", "pattern": f'^({_UUID}|"{_UUID}")?$'},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {
                media_type: {"schema": {"$ref": f"#/components/schemas/{name}"}}
                for media_type, name in zip(
                    MEDIA_TYPES.split(", "),
                    ("ConsultationRequest", "ConsultationForm", "ConsultationForm"),
                    strict=True,
                )
            },
        },
        "responses": {
            "201": _answer(
                "Stored, now or by an earlier try",
                "application/json",
                "Receipt",
                "Idempotent-Replayed",
                "Location",
            ),
            "303": _answer(
                "Stored; to a browser, which is sent on to a page", None, None, "Location"
            ),
            **_problems(400, 403, 413, 415, 422, 429, 500, 503),
        },
    }


def _preflight() -> Schema:
    return {
        "operationId": "preflight",
        "summary": "CORS preflight",
        "responses": {"204": _answer("What a page of an allowed origin may send", None, None)},
    }


def _this_document() -> Schema:
    return {
        "operationId": "describe",
        "summary": "This document",
        "responses": {
            "200": {
                **_answer("The OpenAPI document", None, None),
                "content": {"application/json": {"schema": {"type": "object"}}},
            }
        },
    }


_STATUS_SENTENCES = {
    400: "The body or the Idempotency-Key could not be read",
    403: "The Origin is not one of the allowed ones",
    413: "The body is too large",
    415: "The body is not one of the described kinds, or is compressed",
    422: "Fields have mistakes, each named; or the key belongs to another request",
    429: "Too many requests just now",
    500: "Something went wrong; the request may not be stored",
    503: "The request could not be stored just now",
}


def _problems(*statuses: int) -> Schema:
    further = {415: ["Accept"], 429: ["Retry-After"], 503: ["Retry-After"]}
    return {
        str(status): _answer(
            _STATUS_SENTENCES[status],
            "application/problem+json",
            "Problem",
            *further.get(status, []),
        )
        for status in statuses
    }


def _answer(
    sentence: str, media_type: str | None, schema_name: str | None, *headers: str
) -> Schema:
    answer: Schema = {
        "description": sentence,
        "headers": {
            name: {"$ref": f"#/components/headers/{name}"}
            for name in (*SECURITY_HEADERS, "X-Correlation-Id", *headers)
        },
    }
    if media_type:
        schema = {"$ref": f"#/components/schemas/{schema_name}"}
        answer["content"] = {media_type: {"schema": schema}}
    return answer


def _headers() -> Schema:
    always = {
        name: {"required": name != "Cache-Control", "schema": {"type": "string"}}
        for name in SECURITY_HEADERS
    }
    return always | {
        "X-Correlation-Id": {
            "description": "What the logs call this request",
            "schema": {"type": "string"},
        },
        "Idempotent-Replayed": {
            "description": "Sent when an earlier try had stored the request",
            "schema": {"const": "true"},
        },
        "Location": {
            "description": "The page that says what happens next",
            "required": True,
            "schema": {"type": "string", "format": "uri-reference"},
        },
        "Accept": {"required": True, "schema": {"const": MEDIA_TYPES}},
        "Retry-After": {
            "description": "Seconds",
            "required": True,
            "schema": {"type": "string", "pattern": "^[1-9][0-9]*$"},
            "example": str(RETRY_AFTER_SECONDS),
        },
    }


def _request_schema(clinic: Clinic) -> Schema:
    """What the model accepts as JSON: its own schema, and beside it the rules it checks in code."""
    model = TypeAdapter(requests.ConsultationRequest).json_schema()
    properties = {
        name: _field(name, schema, clinic, required=name in model["required"])
        for name, schema in model["properties"].items()
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": model["required"],
        "properties": properties,
        **_way_to_answer(properties),
    }


def _field(name: str, schema: Schema, clinic: Clinic, *, required: bool) -> Schema:
    choices = _texts(clinic).get(name) or _choices(schema)
    if not required:
        choices = [*choices, *_NOT_GIVEN]
    elif name in _MUST_BE_TICKED:
        choices = [{"const": True}, {"type": "string", "pattern": _TICKED}]
    field = choices[0] if len(choices) == 1 else {"anyOf": choices}
    return {"description": _DESCRIPTIONS[name], **field}


def _texts(clinic: Clinic) -> dict[str, list[Schema]]:
    """The fields that the model checks in code."""
    text: Schema = {"type": "string", "pattern": _NOT_BLANK}
    message = [text | {"maxLength": requests.MESSAGE_MAX_LENGTH}]
    return {
        "full_name": [text | {"maxLength": requests.FULL_NAME_MAX_LENGTH}],
        "phone": [text | {"format": "phone", "maxLength": PHONE_MAX_LENGTH}],
        "email": [text | {"format": "email", "maxLength": EMAIL_MAX_LENGTH}],
        "location": [{"enum": [*clinic.locations, NOT_SURE]}],
        "message": message,
        "homepage": message,
        "submission_id": [{"type": "string", "pattern": f"^{_UUID}$"}],
        "form_opened_at": [
            {"type": "string", "format": "date-time", "pattern": requests.TIME_PATTERN}
        ],
    }


def _choices(schema: Schema) -> list[Schema]:
    """Ticked boxes, one choice, several choices: what the model's own schema tells."""
    if schema.get("type") == "boolean":
        words = [{"type": "string", "pattern": pattern} for pattern in (_TICKED, _UNTICKED)]
        return [{"type": "boolean"}, *words]
    if schema.get("type") == "array":
        return [{"type": "array", "items": schema["items"]}, schema["items"]]
    return [choice for choice in schema.get("anyOf", [schema]) if "enum" in choice]


def _way_to_answer(properties: Schema) -> Schema:
    def needs(name: str, *ways: str) -> Schema:
        given: Schema = properties[name]["anyOf"][0]
        return {
            "properties": {"preferred_contact": {"enum": list(ways)}, name: given},
            "required": [name],
        }

    return {"anyOf": [needs("phone", "call", "text"), needs("email", "email")]}


def _form_schema(clinic: Clinic) -> Schema:
    """The same as a form sends it: nothing but text."""
    schema = _request_schema(clinic)
    for name, field in schema["properties"].items():
        texts = [choice for choice in field.get("anyOf", [field]) if _is_text(choice)]
        if name == "interests":
            texts = [schema["properties"][name]["anyOf"][0]]
        described = texts[0] if len(texts) == 1 else {"anyOf": texts}
        schema["properties"][name] = {"description": _DESCRIPTIONS[name], **described}
    return schema


def _is_text(choice: Schema) -> bool:
    return choice.get("type") == "string" or "enum" in choice


def _receipt_schema() -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["id", "received_at", "next_steps"],
        "properties": {
            "id": {
                "type": "string",
                "pattern": "^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}$",
                "description": "The reference to mention when calling the clinic",
                "examples": ["7K2Q-XM4D-9TPA"],
            },
            "received_at": {"type": "string", "format": "date-time"},
            "next_steps": {
                "type": "string",
                "description": "What happens next and when, and where to turn in a crisis",
            },
        },
    }


def _problem_schema() -> Schema:
    text: Schema = {"type": "string", "minLength": 1}
    return {
        "type": "object",
        "description": "RFC 9457 problem details. Codes are stable, sentences are not.",
        "additionalProperties": False,
        "required": ["type", "title", "detail", "code", "correlation_id"],
        "properties": {
            "type": {"type": "string", "pattern": "^urn:problem-type:consultations:[a-z_]+$"},
            "title": text,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": text,
            "code": {"type": "string", "pattern": "^[a-z_]+$"},
            "correlation_id": text,
            "errors": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["pointer", "code", "detail"],
                    "properties": {
                        "pointer": {
                            "type": "string",
                            "pattern": "^#",
                            "description": "The field, as a JSON pointer",
                        },
                        "code": {"type": "string", "pattern": "^[a-z_0-9]+$"},
                        "detail": text,
                    },
                },
            },
        },
    }


def text_of(document: Schema) -> str:
    """The document as it stands in the file."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true", help="compare, do not write")
    today = text_of(description(load_clinic()))
    if not arguments.parse_args().check:
        DESCRIPTION_FILE.write_text(today, encoding="utf-8")
    elif not DESCRIPTION_FILE.exists() or DESCRIPTION_FILE.read_text(encoding="utf-8") != today:
        sys.exit("openapi.json is not what the models say: run `make description` and commit it")
