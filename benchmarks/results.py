"""Tables of ratios with a plot, and what is needed to compare them: date, versions and machine."""

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results"

sys.path.insert(0, str(ROOT / "layers"))
from layer_build.bytecode import LAMBDA_VERSION, find_python  # noqa: E402 - found by the path set above


@dataclass(frozen=True, slots=True)
class Table:
    """Heads and rows of text."""

    heads: list[str]
    rows: list[list[str]]

    def markdown(self) -> str:
        """The table in Markdown."""
        lines = [self.heads, ["---"] * len(self.heads), *self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def python_for_lambda() -> Path:
    """An environment of the Python that Lambda runs, with its runtime client; made once."""
    python = find_python()
    if python is None:
        sys.exit(f"This benchmark needs Python {LAMBDA_VERSION}, which Lambda runs. Install it.")
    folder = ROOT / ".local" / "lambda-runtime"
    if not folder.exists():
        subprocess.run([python, "-m", "venv", folder], check=True)
        pip = str(folder / "bin" / "pip")
        subprocess.run([pip, "install", "-q", "awslambdaric==4.2.2"], check=True)
    return folder / "bin" / "python"


def write_result(
    name: str,
    table: Table,
    how: str,
    *,
    unit: str,
    bars: dict[str, float],
    python: str = LAMBDA_VERSION,
) -> None:
    """Print the table and keep it in results/, with a plot of its most telling figures."""
    versions = ", ".join(
        f"{package} {version(package)}"
        for package in ("boto3", "pydantic", "aws-lambda-powertools")
    )
    conditions = (
        f"{datetime.now(UTC):%Y-%m-%d}, {how}. Python {python} on {platform.machine()}, "
        f"{platform.system()}, {os.cpu_count()} cores; {versions}."
    )
    print(f"{table.markdown()}\n\n{conditions}")
    RESULTS.mkdir(exist_ok=True)
    plot = f"![{name}: {unit}]({name}.svg)"
    text = f"# {name}\n\n{table.markdown()}\n\n{plot}\n\n{conditions}\n"
    (RESULTS / f"{name}.md").write_text(text, encoding="utf-8")
    (RESULTS / f"{name}.svg").write_bytes(_plot(unit, bars))


def _plot(unit: str, bars: dict[str, float]) -> bytes:
    """Horizontal bars, without a script and without anything from elsewhere."""
    import pygal  # it changes how everything else is imported, so not before it is needed

    chart = pygal.HorizontalBar(
        js=(),
        no_prefix=True,
        title=unit,
        show_legend=False,
        print_values=True,
        value_formatter=lambda value: f"{value:,.3g}",
        width=760,
        height=90 + 36 * len(bars),
    )
    chart.x_labels = [*reversed(bars)]
    chart.add("", [bars[name] for name in reversed(bars)])
    plot: bytes = chart.render()
    return plot
