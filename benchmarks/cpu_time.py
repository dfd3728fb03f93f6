"""CPU time of processes, read from /proc; 0 on systems without it."""

import os
from pathlib import Path

import psycopg


def cpu_seconds(pid: int, *, ended: bool = False) -> float:
    """Return user and system time of a process, 0 when it is gone (proc(5), fields 14 to 17).

    With `ended` that of its ended children is included.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11 : 15 if ended else 13])) / os.sysconf("SC_CLK_TCK")


def family_cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and its children, including ended ones."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    if not children.exists():
        return 0.0
    return cpu_seconds(pid, ended=True) + sum(cpu_seconds(int(child)) for child in children.read_text().split())


def backends_cpu_seconds(url: str) -> dict[int, float]:
    """Return the CPU time of PostgreSQL's backends for a database, by pid; empty unless they run on this host."""
    question = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(url) as connection:
        if not connection.info.host.startswith("/"):
            return {}
        return {pid: cpu_seconds(pid) for (pid,) in connection.execute(question).fetchall()}
