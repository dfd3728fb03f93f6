"""The command line starts only what a command needs, and says what is wrong in one line."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import closing

import pytest

from falconbus.platform.runtime.paths import PROJECT, DataFolder
from tests.platform.runtime.processes import bare_environment


def _falcon(data: DataFolder, *arguments: str, **settings: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "falconbus", *arguments],
        cwd=PROJECT,
        env=bare_environment(DATA_DIR=str(data.root), **settings),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("arguments", [["up", "--help"], ["lint", "--help"]])
def test_a_look_at_the_help_starts_nothing(data: DataFolder, arguments: list[str]) -> None:
    _, said, complained = _falcon(data, *arguments)
    assert "Usage: falcon" in said + complained
    assert not data.root.exists()


def test_the_help_lists_our_commands_with_a_line_each(data: DataFolder) -> None:
    code, said, _ = _falcon(data, "--help")
    assert code == 0
    assert not data.root.exists()
    for line in ("up", "test", "lint", "routes", "shell", "db"):
        assert f"\n  {line} " in said


def test_a_command_has_servers_and_settings(data: DataFolder) -> None:
    code, said, complained = _falcon(data, "routes")
    assert (code, complained) == (0, "")
    assert "Endpoint" in said


def test_up_does_not_need_the_app(data: DataFolder) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        code, _, complained = _falcon(data, "up", "--port", str(listener.getsockname()[1]))
    assert (code, "Address already in use" in complained) == (1, True)
    assert not (data.root / "postgres").exists(), "only a command of the app starts servers by itself"


@pytest.mark.parametrize("arguments", [["routes"], ["up"]])
def test_a_bad_setting_is_one_line_and_exit_code_2(data: DataFolder, arguments: list[str]) -> None:
    answer = _falcon(data, *arguments, HOLD_MINUTES="soon")
    assert answer == (2, "", "falcon: HOLD_MINUTES is not a whole number from 1 to 120\n")
    assert not data.root.exists()


def test_a_ctrl_c_ends_the_tests_without_a_traceback() -> None:
    tests = subprocess.Popen(
        [sys.executable, "-m", "falconbus", "test", "tests/platform/kit"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert tests.stdout is not None
    said = tests.stdout.readline()
    os.killpg(tests.pid, signal.SIGINT)
    said += tests.communicate(timeout=60)[0]
    assert tests.returncode != 0
    assert "bringing up nodes" in said
    assert "Traceback" not in said
