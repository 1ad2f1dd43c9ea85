"""A program that tells what one function costs in things that can be counted: footprint.py FOLDER.

Prints as JSON, for the start and for the first request: the files opened and the modules imported;
and for a warm request: the calls of functions, Python's and C's. Calls are counted because every
Python can count them and they are the same number each time; instructions need callgrind.
"""

import importlib
import json
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from types import FrameType

from benchmarks.warm_workload import CONTEXT, CREATED, answer_from_memory, events

SETTLING, COUNTED = 5, 20
"""Requests before the counting, when caches fill, and while it goes on."""


class _Counts:
    def __init__(self) -> None:
        self.opened = 0
        self.calls = 0
        self._modules = set(sys.modules)
        self._opened = 0
        sys.addaudithook(self._audit)

    def _audit(self, event: str, _: tuple[object, ...]) -> None:
        if event == "open":
            self.opened += 1

    def profile(self, _: FrameType, event: str, __: object) -> None:
        if event in ("call", "c_call"):
            self.calls += 1

    def step(self) -> dict[str, object]:
        """What there was since the last step."""
        modules = set(sys.modules)
        opened, self._opened = self.opened - self._opened, self.opened
        imported, self._modules = sorted(modules - self._modules), modules
        return {"opened": opened, "modules": imported}


def main(folder: Path) -> None:
    """Start the function in this folder, let it answer, and say what that took."""
    answer_from_memory()
    requests = events(1 + SETTLING + COUNTED)
    sys.path.insert(0, str(folder))
    counts = _Counts()
    with redirect_stdout(StringIO()):
        handler = importlib.import_module("handler")
        start = counts.step()
        statuses = [handler.lambda_handler(requests[0], CONTEXT)["statusCode"]]
        first = counts.step()
        statuses += [
            handler.lambda_handler(request, CONTEXT)["statusCode"]
            for request in requests[1 : 1 + SETTLING]
        ]
        sys.setprofile(counts.profile)
        statuses += [
            handler.lambda_handler(request, CONTEXT)["statusCode"]
            for request in requests[1 + SETTLING :]
        ]
        sys.setprofile(None)
    if set(statuses) != {CREATED}:
        sys.exit(f"wrong answers: {statuses}")
    print(json.dumps({"start": start, "first": first, "warm_calls": counts.calls / COUNTED}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
