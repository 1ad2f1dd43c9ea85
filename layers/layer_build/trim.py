"""Takes away what no function reads, and keeps every licence.

botocore ships the descriptions of 400 services; ours are kept, with the operations that we call.
"""

import gzip
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

OPERATIONS = {
    "dynamodb": {"DeleteItem", "GetItem", "PutItem", "Query", "TransactWriteItems", "UpdateItem"},
    "sesv2": {"SendEmail"},
    "sns": {"Publish"},
    "sqs": {"SendMessage"},
    "xray": {"GetSamplingRules", "GetSamplingTargets"},  # what the tracer asks for by itself
}
"""The services and operations that the functions call; a test holds it against their code."""

_ENDPOINT_PREFIXES = {"dynamodb", "email", "sns", "sqs", "xray"}

STAND_INS = Path(__file__).parent / "stand_ins"

_SERVICE_FILES = ("service-2.json", "endpoint-rule-set-1.json", "paginators-1.json")
_UNREAD = (
    # pydantic itself works in the build; functions run the schema that it made in pydantic_core.
    *("pydantic", "annotated_types", "typing_inspection"),
    *("boto3/data", "boto3/examples", "bin", "wrapt-stubs"),
    *("dateutil/zoneinfo", "urllib3/contrib/emscripten"),
    *(
        f"aws_lambda_powertools/{name}"
        for name in (
            "event_handler",
            "utilities/auth_alpha",
            "utilities/circuit_breaker",
            "utilities/data_masking",
            "utilities/feature_flags",
            "utilities/idempotency",
            "utilities/kafka",
            "utilities/parameters",
            "utilities/parser",
            "utilities/streaming",
            "utilities/validation",
        )
    ),
)
"""Folders of the libraries that no function imports; a test imports every function without them."""

_UNREAD_FILES = ("*.pyi", "py.typed", "*.c", "*.h")


def trim(target: Path) -> None:
    """Trim the libraries in this folder."""
    keep_licences(target)
    for name in _UNREAD:
        shutil.rmtree(target / name, ignore_errors=True)
    for pattern in _UNREAD_FILES:
        for path in target.rglob(pattern):
            path.unlink()
    for folder in [path for path in target.rglob("tests") if path.is_dir()]:
        shutil.rmtree(folder)
    trim_services(target / "botocore" / "data")
    trim_endpoints(target / "botocore" / "data" / "endpoints.json")
    stand_in(target)
    write_amazon_roots(target)


def keep_licences(target: Path) -> None:
    """Replace each package's metadata by its licence, and say what was changed."""
    licences = target / "licences"
    licences.mkdir()
    for metadata in sorted(target.glob("*.dist-info")):
        name = metadata.name.removesuffix(".dist-info")
        for path in sorted(metadata.rglob("*")):
            if path.is_file() and path.name.upper().startswith(("LICEN", "COPYING", "NOTICE")):
                shutil.copy(path, licences / f"{name}.{path.name}")
        shutil.rmtree(metadata)
    stand_ins = sorted(str(path.relative_to(STAND_INS)) for path in STAND_INS.rglob("*.py"))
    (licences / "CHANGES").write_text(
        "These libraries are as their authors publish them, less what this product does not read:\n"
        "metadata, type stubs, tests, examples, packages that no function imports, and the\n"
        "descriptions of AWS services and operations that it does not call. Stand-ins of a few\n"
        f"lines replace {', '.join(stand_ins)}.\n",
        encoding="utf-8",
    )


def trim_services(data: Path) -> None:
    """Keep our services, with the operations that we call and the shapes that those need."""
    for folder in [path for path in data.iterdir() if path.is_dir()]:
        if folder.name in OPERATIONS:
            trim_service(folder)
        else:
            shutil.rmtree(folder)


def trim_service(folder: Path) -> None:
    """Keep the newest version of one service."""
    *older, newest = sorted(folder.iterdir())
    for version in older:
        shutil.rmtree(version)
    for path in list(newest.iterdir()):
        name = path.name.removesuffix(".gz")
        document = _read(path)
        path.unlink()
        if name in _SERVICE_FILES:
            if name == "service-2.json":
                document = _with_operations(document, OPERATIONS[folder.name])
            if name == "paginators-1.json":
                document["pagination"] = {
                    operation: rule
                    for operation, rule in document["pagination"].items()
                    if operation in OPERATIONS[folder.name]
                }
            (newest / name).write_text(
                json.dumps(document, separators=(",", ":")), encoding="utf-8"
            )


def trim_endpoints(path: Path) -> None:
    """Keep the endpoints of the services that we call, in every partition."""
    document = _read(path)
    for partition in document["partitions"]:
        partition["services"] = {
            name: endpoints
            for name, endpoints in partition["services"].items()
            if name in _ENDPOINT_PREFIXES
        }
    path.write_text(json.dumps(document, separators=(",", ":")), encoding="utf-8")


def stand_in(target: Path) -> None:
    """Replace modules that are imported by their package but used by no function."""
    for stub in sorted(STAND_INS.rglob("*.py")):
        replaced = target / stub.relative_to(STAND_INS)
        if not replaced.is_file():
            raise ValueError(f"{replaced.relative_to(target)} is not there to be stood in for")
        shutil.copy(stub, replaced)


def write_amazon_roots(target: Path) -> None:
    """Write the certificate authorities that AWS's own endpoints use beside the package.

    They hold for the commercial partition (https://www.amazontrust.com/repository/); the whole
    bundle stays where it was.
    """
    bundle = (target / "botocore" / "cacert.pem").read_text(encoding="utf-8")
    roots = [
        entry
        for entry in bundle.split("\n\n")
        if "Label: " in entry and any(name in entry for name in _AMAZON_ROOTS)
    ]
    if len(roots) != len(_AMAZON_ROOTS):
        raise ValueError(f"found {len(roots)} of {len(_AMAZON_ROOTS)} certificate authorities")
    path = target / "consultations" / "amazon_roots.pem"
    path.write_text("\n\n".join(roots) + "\n", encoding="utf-8")


_AMAZON_ROOTS = (
    'Label: "Amazon Root CA 1"',
    'Label: "Amazon Root CA 2"',
    'Label: "Amazon Root CA 3"',
    'Label: "Amazon Root CA 4"',
    'Label: "Starfield Services Root Certificate Authority - G2"',
)


def _read(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    document: dict[str, Any] = json.loads(content)
    return document


def _with_operations(service: dict[str, Any], names: set[str]) -> dict[str, Any]:
    operations = {name: service["operations"][name] for name in sorted(names)}
    waiting = list(_shapes_in(operations))
    needed: set[str] = set()
    while waiting:
        shape = waiting.pop()
        if shape not in needed:
            needed.add(shape)
            waiting += _shapes_in(service["shapes"][shape])
    shapes = {name: shape for name, shape in service["shapes"].items() if name in needed}
    return {**service, "operations": operations, "shapes": shapes}


def _shapes_in(value: object) -> Iterator[str]:
    """The shapes that a part of a service description refers to."""
    if isinstance(value, dict):
        if isinstance(value.get("shape"), str):
            yield value["shape"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _shapes_in(item)
