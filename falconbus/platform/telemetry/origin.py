"""The line of our code that sent a statement: found on the stack in microseconds, and named later."""

import os
import sys
from pathlib import Path
from types import CodeType, FrameType

_PROJECT = Path(__file__).parents[3]
#: Files of Python itself and of installed packages.
_LIBRARIES = tuple({str(Path(os.__file__).parent), *(path for path in sys.path if path.endswith("-packages")), "<"})
#: Our own files through which every statement passes.
_PASSAGES = tuple(
    str(_PROJECT / "falconbus" / name) for name in ("app.py", "platform/database", "platform/telemetry", "platform/kit")
)
_LONGEST_CHAIN = 6

#: A place in the code: the code object and the instruction in it, which its line is worked out from when it is needed.
Place = tuple[CodeType, int]

_is_ours: dict[str, bool] = {}


def _judge(filename: str) -> bool:
    ours = _is_ours[filename] = not filename.startswith((*_LIBRARIES, *_PASSAGES))
    return ours


def place_of(frame: FrameType | None) -> tuple[FrameType, CodeType, int] | None:
    """Return the innermost frame of our code from here outwards, with its place."""
    while frame is not None:
        code = frame.f_code
        ours = _is_ours.get(code.co_filename)
        if ours or (ours is None and _judge(code.co_filename)):
            return frame, code, frame.f_lasti
        frame = frame.f_back
    return None


def chain_of(frame: FrameType) -> list[Place]:
    """Return the places of our frames that led to this one, innermost first."""
    chain: list[Place] = []
    found = place_of(frame)
    while found is not None and len(chain) < _LONGEST_CHAIN:
        chain.append((found[1], found[2]))
        found = place_of(found[0].f_back)
    return chain


def name_of(place: Place) -> str:
    """Return a place as text, such as `falconbus/search/queries.py:131 departures`."""
    code, instruction = place
    line = next(
        (line for start, end, line in code.co_lines() if line is not None and start <= instruction < end),
        code.co_firstlineno,
    )
    return f"{shown_path(code.co_filename)}:{line} {code.co_name}"


def shown_path(filename: str) -> str:
    """Return the path within the project; of other files the last two parts, so that no folder is disclosed."""
    path = Path(filename)
    return str(path.relative_to(_PROJECT)) if path.is_relative_to(_PROJECT) else str(Path(*path.parts[-2:]))
