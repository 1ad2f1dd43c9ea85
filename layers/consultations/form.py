"""Reading a posted form: three encodings in, the same plain fields out."""

import io
import json
import math
from collections.abc import Collection, Iterable, Iterator
from urllib.parse import parse_qsl

from consultations.field_errors import InvalidFieldsError, file_not_accepted
from consultations.http_request import HttpRequest
from consultations.language import N_
from consultations.problem import BODY_MAX_BYTES, Problem

Fields = dict[str, object]
Pairs = Iterable[tuple[str, str]]

FIELDS_MAX_COUNT = 64
"""More than the form has, and few enough to read in no time."""

_PERCENT_ENCODED_BYTES = 3
"""A byte that stands percent-encoded in a form takes three."""


def read_form(request: HttpRequest, repeatable: Collection[str]) -> Fields:
    """The fields of the body, as strings where the encoding knows no other type.

    A field in `repeatable` may be sent several times and is a list; any other may be sent once.
    Raises Problem: 413 above 16 KiB (after percent-decoding), 415 for a kind of body that is not
    a form, 400 for one that can't be read. Raises InvalidFieldsError for a file, by its field.
    """
    if request.header("content-encoding").lower() not in ("", "identity"):
        raise Problem.unsupported_media_type(
            N_("The body is compressed. Send it without Content-Encoding.")
        )
    content_type = request.header("content-type")
    match content_type.partition(";")[0].strip().lower():
        case "application/json":
            return _json_fields(_at_most(BODY_MAX_BYTES, request.body))
        case "application/x-www-form-urlencoded":
            return _collect(_urlencoded_pairs(request.body), repeatable)
        case "multipart/form-data":
            body = _at_most(BODY_MAX_BYTES, request.body)
            return _collect(_multipart_pairs(body, content_type), repeatable)
        case "":
            raise Problem.unsupported_media_type(
                N_("The body has no Content-Type. Send one of {media_types}.")
            )
        case _:
            raise Problem.unsupported_media_type(
                N_("The body is not a form. Send one of {media_types}.")
            )


def _at_most(limit: int, body: bytes) -> bytes:
    if len(body) > limit:
        raise Problem.too_large()
    return body


def _json_fields(body: bytes) -> Fields:
    try:
        fields = _decode(body.decode("utf-8-sig"))
        if b"\\u" in body:  # the only way to write half of a surrogate pair
            json.dumps(fields, ensure_ascii=False).encode()
    except UnicodeError:
        raise Problem.unreadable_body(N_("The body is not valid UTF-8 text.")) from None
    except (ValueError, RecursionError):
        raise Problem.unreadable_body(N_("The body is not valid JSON.")) from None
    if not isinstance(fields, dict):
        raise Problem.unreadable_body(N_("The body is not a JSON object."))
    return fields


def _too_many_fields() -> Problem:
    return Problem.unreadable_body(
        N_("The body has more than {limit} fields."), limit=FIELDS_MAX_COUNT
    )


def _unique(pairs: list[tuple[str, object]]) -> Fields:
    if len(pairs) > FIELDS_MAX_COUNT:
        raise _too_many_fields()
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise Problem.unreadable_body(N_("The body names a field twice."))
    return fields


def _refuse_number(constant: str) -> float:
    message = f"{constant} is not JSON (RFC 8259 section 6)"
    raise ValueError(message)


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refuse_number(digits)


_decode = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_refuse_number, parse_float=_finite
).decode


def _urlencoded_pairs(body: bytes) -> Pairs:
    _at_most(BODY_MAX_BYTES * _PERCENT_ENCODED_BYTES, body)
    try:
        pairs = parse_qsl(
            body.decode(),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=FIELDS_MAX_COUNT,
        )
    except UnicodeError:
        raise Problem.unreadable_body(N_("The body is not valid UTF-8 text.")) from None
    except ValueError:
        raise _too_many_fields() from None
    decoded_size = sum(len(name.encode()) + len(value.encode()) for name, value in pairs)
    if decoded_size > BODY_MAX_BYTES:
        raise Problem.too_large()
    return pairs


def _multipart_pairs(body: bytes, content_type: str) -> Iterator[tuple[str, str]]:
    # Imported here because a JSON post has no use for it.
    from multipart import MultipartError, MultipartParser, parse_options_header

    _, options = parse_options_header(content_type)
    if not options.get("boundary"):
        raise Problem.unreadable_body(N_("The Content-Type names no boundary."))
    parser = MultipartParser(
        io.BytesIO(body), options["boundary"], strict=True, part_limit=FIELDS_MAX_COUNT
    )
    try:
        parts = parser.parts()
        files = [part.name for part in parts if part.filename is not None]
        pairs = [(part.name, part.raw.decode()) for part in parts if part.filename is None]
    except UnicodeError:
        raise Problem.unreadable_body(N_("The body is not valid UTF-8 text.")) from None
    except MultipartError:
        raise Problem.unreadable_body(N_("The body is not valid multipart/form-data.")) from None
    if files:
        raise InvalidFieldsError([file_not_accepted(name) for name in files])
    yield from pairs


def _collect(pairs: Pairs, repeatable: Collection[str]) -> Fields:
    fields: Fields = {}
    lists: dict[str, list[str]] = {}
    for name, value in pairs:
        if name in repeatable:
            lists.setdefault(name, []).append(value)
        elif name in fields:
            raise Problem.unreadable_body(N_("The body names a field twice."))
        else:
            fields[name] = value
    return fields | lists
