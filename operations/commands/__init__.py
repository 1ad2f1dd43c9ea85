"""The commands an engineer looks after a deployed stack with. Nothing here decides anything."""

from typing import Any

import typer
import typer.core
from botocore.exceptions import BotoCoreError, ClientError

from consultations.aws import error_code
from operations.commands import changing, keeping, reading, watching
from operations.commands.terminal import end


class _Commands(typer.core.TyperGroup):
    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as click has it
        """Run a command. What AWS refuses is said in a sentence, without what was sent."""
        try:
            return super().invoke(ctx)
        except ClientError as error:
            what = f"AWS refused {error.operation_name}: {error_code(error)}."
        except BotoCoreError as error:
            what = f"AWS could not be asked: {error_code(error)}."
        raise end(f"{what} Nothing more is done.", status=2)


app = typer.Typer(
    cls=_Commands,
    help=(
        "Look after a deployed stack: check it, look at requests, try alerts again, export and"
        " erase.\n\n"
        "The stack is the one that samconfig.toml has for --env (dev, staging, prod), or that of"
        " --stack; credentials and region are AWS's usual ones. Requests are named by their"
        " references; names, addresses and messages are shown only when asked for, which is kept in"
        " an audit record."
    ),
    epilog="Example: consultations doctor --env prod",
    rich_markup_mode="markdown",  # else a paragraph keeps the line breaks of its docstring
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they print variables, which may hold what a person typed
    context_settings={"help_option_names": ["-h", "--help"]},
)

_COMMANDS = (
    (watching.doctor, "doctor", "consultations doctor --env prod --json"),
    (watching.tail, "tail", "consultations tail 7K2Q-XM4D-9TPA --since 1h"),
    (reading.list_requests, "list", "consultations list all --since 7d --limit 100"),
    (reading.show, "show", "consultations show 7K2Q-XM4D-9TPA --reveal"),
    (reading.export, "export", "consultations export november.csv --since 2026-11-01 --env prod"),
    (changing.release, "release", "consultations release 7K2Q-XM4D-9TPA --env prod"),
    (changing.retry, "retry", "consultations retry 7K2Q-XM4D-9TPA --dry-run"),
    (changing.redrive, "redrive", "consultations redrive --stack consultations-prod"),
    (changing.erase, "erase", "consultations erase --env prod"),
    (keeping.restore_drill, "restore-drill", "consultations restore-drill --env prod"),
    (keeping.copy_back, "copy-back", "consultations copy-back TABLE --env prod --dry-run"),
    (keeping.remains, "remains", "consultations remains --stack consultations-dev"),
)
for _command, _name, _example in _COMMANDS:
    app.command(_name, epilog=f"Example: {_example}")(_command)
