"""After a kill -9 of whatever part, the servers come back with what they had, at the address their users know."""

import os

import pytest

from falconbus.platform.runtime.paths import DataFolder
from tests.platform.runtime.processes import User, kill_processes, processes_of, wait_until


def _remember(user: User) -> None:
    user.sql("CREATE TABLE kept AS SELECT 7 AS n")
    with user.redis() as client:
        client.set("kept", "7")


def _remembers(user: User) -> bool:
    with user.redis() as client:
        return user.sql("SELECT n FROM kept") == 7 and client.get("kept") == "7"


@pytest.mark.parametrize("victim", ["bin/postgres -D", "valkey-server 127.0.0.1"])
def test_a_killed_server_is_started_again(data: DataFolder, victim: str) -> None:
    with User(data) as user:
        _remember(user)
        assert kill_processes(data, victim) == 1
        wait_until(user.is_served, 20, "the server did not come back")
        assert _remembers(user)


def test_killed_daemons_are_replaced_at_the_next_look(data: DataFolder) -> None:
    with User(data) as user:
        _remember(user)
        assert kill_processes(data, "runtime.server_daemon") == 2
        wait_until(lambda: not processes_of(data).keys() - {user.process.pid}, 10, "a server outlived its daemon")
        assert user.look_again() == user.facts
        assert _remembers(user)


def test_everything_killed_at_once_is_no_loss(data: DataFolder) -> None:
    with User(data) as user:
        _remember(user)
        kill_processes(data, "")
        user.process.communicate()
    with User(data) as user:
        assert _remembers(user)


def test_a_pid_file_that_names_a_stranger_is_no_obstacle(data: DataFolder) -> None:
    """As after a restart of the machine, when the id belongs to somebody else."""
    with User(data):
        pid_file = data.root / "postgres" / "data" / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:], ""]))
    with User(data) as user:
        assert user.is_served()
