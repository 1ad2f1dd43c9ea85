"""Coverage-guided fuzzing of everything that reads a body, by Atheris (libFuzzer for Python).

    PYTHONPATH=.:layers python -m tests.fuzz.bodies -max_total_time=3600 CORPUS_FOLDER

The first byte of an input chooses the encoding, the rest is the body. Whatever it is, it is read
or refused; anything else stops the program, which keeps the input in a file.
"""

import sys

import atheris

with atheris.instrument_imports(include=["consultations", "json", "multipart", "urllib.parse"]):
    from consultations.consultation_request import REPEATABLE_FIELDS, consultation_request
    from consultations.field_errors import InvalidFieldsError
    from consultations.form import read_form
    from consultations.problem import Problem
    from consultations.screening import screen
    from tests.builders import CLINIC, NOW, an_http_request

CONTENT_TYPES = (
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
)


def read(data: bytes) -> None:
    """Read one body as the function would. Raises only what is not foreseen."""
    content_type = CONTENT_TYPES[data[0] % len(CONTENT_TYPES)] if data else CONTENT_TYPES[0]
    http_request = an_http_request(data[1:], content_type=content_type)
    try:
        request = consultation_request(read_form(http_request, REPEATABLE_FIELDS), CLINIC)
    except (Problem, InvalidFieldsError):
        return
    screen(request, received_at=NOW)


if __name__ == "__main__":
    atheris.Setup(sys.argv, read)
    atheris.Fuzz()
