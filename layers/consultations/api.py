"""The API: which request gets which answer. The pages, the post, and the description of both."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from consultations.clinic import Clinic
from consultations.http_request import HttpRequest
from consultations.http_response import DESCRIPTION_FILE, HttpResponse
from consultations.problem import Problem
from consultations.submission import Receipt, Submissions, received

if TYPE_CHECKING:
    from consultations.pages import Pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """What one function answers, so that whoever opens the form wakes what their post will meet."""

    clinic: Clinic
    submissions: Submissions
    tell: Callable[[Receipt], None]
    """Called with each request that is stored, before it is answered."""

    def respond(self, request: HttpRequest) -> HttpResponse:
        """The answer to a request. Raises Problem if it is refused."""
        methods = self._routes().get(request.resource)
        if methods is None:
            raise Problem.not_found()
        if request.method not in methods:
            raise Problem.method_not_allowed(", ".join(methods))
        return methods[request.method](request)

    def _routes(self) -> Mapping[str, Mapping[str, Callable[[HttpRequest], HttpResponse]]]:
        return {
            "/": {"GET": self.form},
            "/received": {"GET": self.confirmation},
            "/form.js": {"GET": self.script},
            "/consultations": {"OPTIONS": self.preflight, "POST": self.store_request},
            "/openapi.json": {"GET": self.description},
        }

    def refusal(self, problem: Problem, request: HttpRequest) -> HttpResponse:
        """The answer to one that is refused: a page for a browser, else a problem document."""
        if not request.prefers_html:
            return HttpResponse.problem(problem, request)
        return self._pages().refusal(
            problem, request, now=datetime.now(UTC), submission_id=str(uuid4())
        )

    def store_request(self, request: HttpRequest) -> HttpResponse:
        """Store a posted request."""
        receipt = self.submissions.receive(request, now=datetime.now(UTC))
        self.tell(receipt)
        return received(receipt, request)

    def form(self, request: HttpRequest) -> HttpResponse:
        """The empty form."""
        return self._pages().form(request, now=datetime.now(UTC), submission_id=str(uuid4()))

    def confirmation(self, request: HttpRequest) -> HttpResponse:
        """The page that says what happens next."""
        return self._pages().confirmation(request)

    def script(self, request: HttpRequest) -> HttpResponse:
        """The script that puts the form on a clinic's own site."""
        from consultations import form_script

        return form_script.script(request)

    def preflight(self, _: HttpRequest) -> HttpResponse:
        """What a page of an allowed origin may send."""
        return HttpResponse.preflight()

    def description(self, _: HttpRequest) -> HttpResponse:
        """The OpenAPI document."""
        return HttpResponse.file(DESCRIPTION_FILE, "application/json")

    def _pages(self) -> "Pages":
        """The pages. Imported here because a JSON post has no use for them."""
        from consultations.pages import Pages

        return Pages(self.clinic)
