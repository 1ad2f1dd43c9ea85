"""A snapshot holds all that a first request needs, and nothing that must not be in it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import snapshot_restore_py

from tests.environment import ENVIRONMENT
from tests.layer.conftest import Layer
from tests.template import ROOT

FUNCTION = ROOT / "functions" / "submit_consultation"

PROGRAM = """
import io, json, os, random, stat, sys
from contextlib import redirect_stdout, suppress

used = []
sys.addaudithook(lambda event, _: used.append(event) if event in USES else None)
USES = ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.sendmsg")

def sockets():
    for number in range(256):
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                yield number

sys.path[:0] = FOLDERS

from benchmarks.warm_workload import CONTEXT, answer_from_memory, events
import snapshot_restore_py as hooks

inherited = set(sockets())
said = io.StringIO()
with redirect_stdout(said):
    import handler

    registered = len(hooks.get_before_snapshot()), len(hooks.get_after_restore())
    before = sys.modules.keys() | set()
    for work, arguments, options in reversed(hooks.get_before_snapshot()):
        work(*arguments, **options)
    rehearsed = sys.modules.keys() - before
    in_snapshot = used + list(set(sockets()) - inherited), said.getvalue()

    chances = []
    for _ in range(2):
        random.setstate(random.Random(1).getstate())
        for work, arguments, options in hooks.get_after_restore():
            work(*arguments, **options)
        chances.append(random.random())

    before = sys.modules.keys() | set()
    answer_from_memory()
    post = handler.lambda_handler(events(1)[0], CONTEXT)
    posted = sys.modules.keys() - before
    page = handler.lambda_handler(json.loads(open(GET).read()), CONTEXT)
    shown = sys.modules.keys() - before

print(json.dumps({
    "registered": registered,
    "sockets": in_snapshot[0],
    "said": in_snapshot[1],
    "rehearsed": sorted(rehearsed),
    "chances": chances,
    "post": [post["statusCode"], sorted(posted)],
    "page": [page["statusCode"], sorted(shown)],
}))
"""


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Lambda's runtime brings along."""
    folder = tmp_path_factory.mktemp("runtime")
    shutil.copy(snapshot_restore_py.__file__, folder)
    return folder


def started(layer: Layer, runtime: Path, **environment: str) -> dict[str, Any]:
    """What happens when the function starts, is made a snapshot of, and answers."""
    folders = [str(runtime), str(FUNCTION), str(ROOT)]
    get = str(ROOT / "events" / "get_form.json")
    program = f"FOLDERS, GET = {folders!r}, {get!r}\n{PROGRAM}"
    endpoint = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    told: dict[str, Any] = json.loads(
        layer.run(program, **{**ENVIRONMENT, **endpoint, **environment})
    )
    return told


@pytest.fixture(scope="module")
def snapshot(layer: Layer, runtime: Path) -> dict[str, Any]:
    """The function with SnapStart."""
    return started(layer, runtime, AWS_LAMBDA_INITIALIZATION_TYPE="snap-start")


@pytest.fixture(scope="module")
def ordinary(layer: Layer, runtime: Path) -> dict[str, Any]:
    """The function without it."""
    return started(layer, runtime, AWS_LAMBDA_INITIALIZATION_TYPE="on-demand")


def test_nothing_is_rehearsed_without_snapstart(ordinary: dict[str, Any]) -> None:
    assert ordinary["registered"] == [0, 0]
    assert "phonenumbers" in ordinary["post"][1]
    assert "jinja2" in ordinary["page"][1]


def test_the_snapshot_was_made_without_a_socket(snapshot: dict[str, Any]) -> None:
    assert snapshot["registered"][0] > 0
    assert snapshot["sockets"] == []


def test_a_rehearsal_is_neither_logged_nor_counted(snapshot: dict[str, Any]) -> None:
    assert snapshot["said"] == ""


def test_a_request_finds_everything_there(snapshot: dict[str, Any]) -> None:
    assert {"phonenumbers", "jinja2", "multipart", "gettext"} <= set(snapshot["rehearsed"])
    assert snapshot["post"] == [201, []]
    assert snapshot["page"] == [200, []]


def test_each_restored_function_has_a_chance_of_its_own(
    snapshot: dict[str, Any], ordinary: dict[str, Any]
) -> None:
    assert len(set(snapshot["chances"])) == 2
    assert len(set(ordinary["chances"])) == 1


def test_a_snapshot_needs_and_holds_no_credentials(layer: Layer, runtime: Path) -> None:
    """Those that are there when it is made would be out of date when it is used."""
    program = """
import botocore.credentials, sys
asked = []
sys.path[:0] = FOLDERS
import handler, snapshot_restore_py as hooks
real = botocore.credentials.Credentials.get_frozen_credentials
botocore.credentials.Credentials.get_frozen_credentials = lambda self: asked.append(1) or real(self)
for work, arguments, options in reversed(hooks.get_before_snapshot()):
    work(*arguments, **options)
print(len(asked))
"""
    folders = [str(runtime), str(FUNCTION)]
    told = layer.run(
        f"FOLDERS = {folders!r}\n{program}",
        **{**ENVIRONMENT, "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"},
    )

    assert told.split() == ["0"]
