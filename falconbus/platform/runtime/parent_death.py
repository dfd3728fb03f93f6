"""Start a program that ends when its parent does, even by kill -9, and as another user when asked to.

Run as a script between fork and exec, because Linux forgets PR_SET_PDEATHSIG whenever the user id changes: it must be
set after the change. Elsewhere than on Linux there is no such signal, and a program whose parent was killed lives on
until the next start meets it.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class User:
    """The user and group to run as."""

    uid: int
    gid: int


def ending_with_parent(command: Sequence[str], *, death_signal: signal.Signals, user: User | None = None) -> list[str]:
    """Return a command line that runs `command` and sends it `death_signal` when this process dies."""
    identity = f"{user.uid}:{user.gid}" if user else "same"
    wrapper = [sys.executable, "-I", "-S", str(Path(__file__).resolve())]
    return [*wrapper, str(int(death_signal)), str(os.getpid()), identity, *command]


def main(arguments: Sequence[str]) -> None:
    """Set the death signal and the user, then exec the command."""
    death_signal, parent, identity, *command = arguments
    if identity != "same":
        uid, gid = (int(number) for number in identity.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit("the starter is gone")
    try:
        os.execvp(command[0], command)  # noqa: S606  no shell is wanted
    except OSError as error:
        sys.exit(f"cannot run {command[0]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
