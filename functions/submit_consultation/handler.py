"""The API: the pages of the form, the post that is stored, and the description of both."""

from consultations import cold_start  # isort: split - before what it speeds up

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from consultations import observability, snap_start
from consultations.aws import dynamodb_client, rehearsal
from consultations.clinic import load_clinic
from consultations.consultation import Retention
from consultations.http_request import HttpRequest
from consultations.http_response import DESCRIPTION_FILE, HttpResponse
from consultations.problem import Problem
from consultations.repository import ConsultationRepository
from consultations.submission import Submissions, received

if TYPE_CHECKING:
    from consultations.pages import Pages

logger = Logger()
metrics = Metrics()
clinic = load_clinic()
allowed_origins = frozenset(os.environ["ALLOWED_ORIGINS"].split(","))
dynamodb = dynamodb_client()
submissions = Submissions(
    clinic=clinic,
    consultations=ConsultationRepository(dynamodb, os.environ["TABLE_NAME"]),
    id_salt=os.environ["ID_SALT"],
    retention=Retention(
        accepted=int(os.environ["RETENTION_DAYS"]),
        quarantined=int(os.environ["QUARANTINE_DAYS"]),
    ),
    allowed_origins=allowed_origins,
)
cold_start.finished()


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Answer one request; whatever happens, the answer is one that the API describes."""
    request = HttpRequest.from_event(event)
    logger.set_correlation_id(request.correlation_id)
    try:
        response = answer(request)
    except Problem as problem:
        observability.refused(logger, problem)
        response = refusal(problem, request)
    except Exception as error:  # noqa: BLE001 - nothing of it may reach the answer
        observability.failed(logger, error)
        response = refusal(Problem.internal_error(), request)
    return response.to_gateway(request, allowed_origins)


def answer(request: HttpRequest) -> HttpResponse:
    """The answer to a request that is not refused."""
    methods = ROUTES.get(request.resource)
    if methods is None:
        raise Problem.not_found()
    if request.method not in methods:
        raise Problem.method_not_allowed(", ".join(methods))
    return methods[request.method](request)


def refusal(problem: Problem, request: HttpRequest) -> HttpResponse:
    """The answer to a request that is refused: a page for a browser, else a problem document."""
    if not request.prefers_html:
        return HttpResponse.problem(problem, request)
    return pages().refusal(problem, request, now=datetime.now(UTC), submission_id=str(uuid4()))


def form(request: HttpRequest) -> HttpResponse:
    """The empty form. Whoever opens it also wakes the function that their request will meet."""
    return pages().form(request, now=datetime.now(UTC), submission_id=str(uuid4()))


def script(request: HttpRequest) -> HttpResponse:
    """The script that puts the form on a clinic's own site."""
    from consultations import form_script

    return form_script.script(request)


def submit(request: HttpRequest) -> HttpResponse:
    """Store a posted request."""
    receipt = submissions.receive(request, now=datetime.now(UTC))
    observability.received(logger, metrics, receipt)
    return received(receipt, request)


def rehearse() -> None:
    """Answer once what people send and ask for; nothing is stored, logged or counted."""
    with rehearsal(dynamodb):
        for request in snap_start.posts():
            received(submissions.receive(request, now=datetime.now(UTC)), request)
    for request in snap_start.gets():
        answer(request)
        pages().refusal(Problem.not_found(), request, now=datetime.now(UTC), submission_id="")


def pages() -> "Pages":
    """The pages. Imported here because a JSON post has no use for them."""
    from consultations.pages import Pages

    return Pages(clinic)


ROUTES: Mapping[str, Mapping[str, Callable[[HttpRequest], HttpResponse]]] = {
    "/": {"GET": form},
    "/received": {"GET": lambda request: pages().confirmation(request)},
    "/form.js": {"GET": script},
    "/consultations": {"OPTIONS": lambda _: HttpResponse.preflight(), "POST": submit},
    "/openapi.json": {"GET": lambda _: HttpResponse.file(DESCRIPTION_FILE, "application/json")},
}

snap_start.rehearse_with(rehearse)
