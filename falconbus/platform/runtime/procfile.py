"""Reading a Procfile, and its command lines without a shell.

The format is Foreman's: `name: command` a line. Of the shell's expansions a command may use $NAME, ${NAME} and
${NAME:-default}, which is what a host's shell understands as well.
"""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from falconbus.platform.runtime.errors import CannotRun

_LINE = re.compile(r"(?P<name>[A-Za-z0-9_-]+)\s*:\s*(?P<command>\S.*)")
_VARIABLE = re.compile(r"\$(?:(?P<plain>\w+)|\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\})")


def read_procfile(path: Path) -> dict[str, str]:
    """Return the command of each process by its name, in the file's order."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CannotRun(f"{path} cannot be read: {error.strerror}") from None
    commands: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None or match["name"] in commands:
            raise CannotRun(f"line {number} of {path} is not `name: command` with a name of its own")
        commands[match["name"]] = match["command"]
    return commands


def split_command(command: str, environment: Mapping[str, str]) -> list[str]:
    """Return the program and its arguments; a variable's value stays within its argument, whatever it holds."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise CannotRun(f"the command `{command}` cannot be read: {error}") from None
    return [_expand(word, environment) for word in words]


def _expand(word: str, environment: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        return environment.get(match["plain"] or match["name"], "") or match["default"] or ""

    return _VARIABLE.sub(value, word)
