import pytest

from tests.builders import a_post, an_http_request


@pytest.mark.parametrize(
    ("accept", "prefers_html"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("TEXT/HTML", True),
        ("application/json", False),
        ("*/*", False),
        ("", False),
        ("text/html;q=0.5, application/json", False),
        ("text/html;q=0, */*", False),
        ("application/json;q=0.4, text/html;q=0.5", True),
        ("text/html;q=what", False),
        (";;,,q=", False),
    ],
)
def test_who_prefers_a_page_is_told_apart_from_who_prefers_json(
    accept: str, *, prefers_html: bool
) -> None:
    assert an_http_request(Accept=accept).prefers_html is prefers_html


def test_header_names_are_read_in_any_case() -> None:
    assert an_http_request(IDEMPOTENCY_KEY=" x ").header("idempotency-key") == "x"


def test_a_request_without_headers_or_body_is_read() -> None:
    posted = a_post() | {"headers": None, "body": None, "isBase64Encoded": False}

    request = type(an_http_request()).from_event(posted)

    assert request.body == b""
    assert request.header("accept") == ""
