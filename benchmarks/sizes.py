"""What is deployed, in bytes: python -m benchmarks.sizes."""

import tempfile
import zipfile
from io import BytesIO
from pathlib import Path

from benchmarks.cold import build_layer
from benchmarks.results import Table, write_result


def zipped(paths: list[Path], root: Path) -> int:
    """The bytes of these files in a zip."""
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in paths:
            archive.write(path, path.relative_to(root))
    return content.getbuffer().nbytes


def main() -> None:
    """Build the layer for Lambda and write what each part of it weighs."""
    with tempfile.TemporaryDirectory() as scratch:
        layer = Path(scratch) / "python"
        build_layer(layer, "aarch64")
        parts: dict[str, list[Path]] = {"the whole layer": []}
        for path in sorted(path for path in layer.rglob("*") if path.is_file()):
            parts["the whole layer"].append(path)
            parts.setdefault(path.relative_to(layer).parts[0], []).append(path)
        rows = [
            [
                name,
                f"{zipped(paths, layer) / 1e6:.2f} MB",
                f"{sum(path.stat().st_size for path in paths) / 1e6:.2f} MB",
                f"{len(paths):,}",
            ]
            for name, paths in parts.items()
        ]
    rows.sort(key=lambda row: -float(row[1].split()[0]))
    heads = ["part", "zipped", "unpacked", "files"]
    write_result(
        "sizes",
        Table(heads, rows[:12]),
        "arm64, the twelve largest parts",
        unit="MB, zipped",
        bars={row[0]: float(row[1].split()[0]) for row in rows[:12]},
    )


if __name__ == "__main__":
    main()
