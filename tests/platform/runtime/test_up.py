"""`falcon up` starts what the Procfile says, keeps it running, and ends all of it in time."""

import signal
import socket
import time
from contextlib import closing

import pytest

from falconbus.platform.runtime.paths import DataFolder
from tests.platform.runtime.processes import free_port, kill_processes, processes_of, wait_until
from tests.platform.runtime.running import STUB, WEB, Up

IDLE = f"worker: {STUB} idle $DATA_DIR\n"
STUBBORN = f"worker: {STUB} stubborn $DATA_DIR\n"
RELEASE = "release: python -c \"print('admin sign-in:', 'a@example.org / secret')\"\n"


def test_it_says_where_it_is_and_how_to_sign_in_and_ends_when_asked(data: DataFolder) -> None:
    port = free_port()
    with Up(data, port, RELEASE + WEB + IDLE) as up:
        up.wait_for("Ctrl-C ends it")
        assert f"http://127.0.0.1:{port}/api/docs" in up.said
        assert up.said.count("admin sign-in: a@example.org / secret") == 2
        assert up.end(signal.SIGTERM) == 0
    assert not processes_of(data)
    kept = [path for path in data.root.rglob("*") if path.is_file() and b"/ secret" in path.read_bytes()]
    assert kept == [], "the password is kept on disk"


def test_a_killed_child_is_started_again(data: DataFolder) -> None:
    with Up(data, free_port(), WEB + IDLE) as up:
        up.wait_for("Ctrl-C ends it")
        kill_processes(data, "stub idle")
        up.wait_for("worker was killed by signal 9; starts again in 1 s")
        wait_until(lambda: any("stub idle" in command for command in processes_of(data).values()), 5, "not restarted")


def test_all_of_it_ends_when_every_process_gets_the_signal(data: DataFolder) -> None:
    with Up(data, free_port(), WEB + IDLE) as up:
        up.wait_for("Ctrl-C ends it")
        up.signal_everybody(signal.SIGTERM)
        assert up.end() == 0
    assert not processes_of(data)


def test_a_child_that_will_not_end_is_made_to_within_twenty_seconds(data: DataFolder) -> None:
    with Up(data, free_port(), WEB + STUBBORN) as up:
        up.wait_for("worker  | will not end")
        up.wait_for("Ctrl-C ends it")
        assert up.end(signal.SIGINT, seconds=19) == 0
    assert not processes_of(data)


def test_a_second_ctrl_c_hurries(data: DataFolder) -> None:
    with Up(data, free_port(), WEB + STUBBORN) as up:
        up.wait_for("worker  | will not end")
        up.wait_for("Ctrl-C ends it")
        up.process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        up.end(signal.SIGINT, seconds=5)
    assert not processes_of(data)


def test_it_takes_everything_along_when_killed_and_can_start_again_at_once(data: DataFolder) -> None:
    port = free_port()
    with Up(data, port, WEB + IDLE) as up:
        up.wait_for("Ctrl-C ends it")
        up.end(signal.SIGKILL)
    with Up(data, port, WEB + IDLE) as up:
        up.wait_for("Ctrl-C ends it")
    assert not processes_of(data)


def test_a_second_one_on_the_same_data_is_told_where_the_first_one_is(data: DataFolder) -> None:
    port = free_port()
    with Up(data, port, WEB) as up:
        up.wait_for("Ctrl-C ends it")
        with Up(data, free_port(), WEB) as second:
            assert second.end() == 1
        assert second.lines == [f"falcon: already running on this data folder: http://127.0.0.1:{port}"]


def test_a_port_in_use_is_one_clear_line_before_anything_starts(data: DataFolder) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        with Up(data, port, RELEASE + WEB) as up:
            assert up.end() == 1
    assert up.lines == [
        f"falcon: web cannot listen on 127.0.0.1 port {port}: Address already in use; choose another by --port"
    ]
    assert not (data.root / "postgres").exists()


def test_a_bad_setting_is_one_clear_line_before_anything_starts(data: DataFolder) -> None:
    with Up(data, free_port(), WEB, HOLD_MINUTES="soon") as up:
        assert up.end() == 2
    assert up.lines == ["falcon: HOLD_MINUTES is not a whole number from 1 to 120"]
    assert not data.root.exists()


@pytest.mark.parametrize(
    ("procfile", "complaint"),
    [
        ("release: python -c 'raise SystemExit(\"no way\")'\n" + WEB, "falcon: the release step failed (exit code 1)"),
        ("release: no-such-program\n" + WEB, "cannot run no-such-program: No such file or directory"),
    ],
)
def test_a_failed_release_stops_the_start(data: DataFolder, procfile: str, complaint: str) -> None:
    with Up(data, free_port(), procfile) as up:
        assert up.end() == 1
    assert complaint in up.said
    assert "starting" not in up.said
    assert not processes_of(data)


def test_an_interrupt_during_the_release_ends_it(data: DataFolder) -> None:
    with Up(data, free_port(), f"release: {STUB} idle $DATA_DIR\n" + WEB) as up:
        up.wait_for("release: python")
        wait_until(lambda: any("stub idle" in command for command in processes_of(data).values()), 5, "not started")
        assert up.end(signal.SIGINT) == 0
    assert not processes_of(data)


def test_its_last_minute_is_among_the_backups_when_it_has_ended(data: DataFolder) -> None:
    with Up(data, free_port(), WEB, BACKUP_ENABLED="true") as up:
        up.wait_for("Ctrl-C ends it")
        assert up.end(signal.SIGTERM) == 0
    assert [path.name for path in data.root.glob("backups/wal/*/*.zst")] == ["000000010000000000000001.zst"]
