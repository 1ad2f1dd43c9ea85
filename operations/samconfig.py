"""Which stack a command is about: what samconfig.toml has for dev, staging or prod."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

Env = Literal["dev", "staging", "prod"]

SAMCONFIG = Path(__file__).parent.parent / "samconfig.toml"


class SamconfigError(Exception):
    """samconfig.toml does not say which stack is meant; the message says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The name of a stack, and where it is if samconfig.toml says so."""

    stack: str
    region: str | None
    profile: str | None

    @classmethod
    def of(cls, env: Env, *, stack: str | None = None, samconfig: Path = SAMCONFIG) -> Self:
        """What samconfig.toml has for this environment, with another stack if one is named.

        Raises SamconfigError.
        """
        section = "default" if env == "dev" else env  # as `sam deploy` calls it
        try:
            written = tomllib.loads(samconfig.read_text(encoding="utf-8")).get(section, {})
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise SamconfigError(f"{samconfig.name} can't be read: {error}") from error
        parameters = {
            **written.get("global", {}).get("parameters", {}),
            **written.get("deploy", {}).get("parameters", {}),
        }
        name = stack or parameters.get("stack_name")
        if name is None:
            raise SamconfigError(
                f"{samconfig.name} has no stack_name for {section}. Write it there, or name the"
                " stack: --stack consultations-prod"
            )
        return cls(stack=name, region=parameters.get("region"), profile=parameters.get("profile"))
