"""`falcon up` gives the live process a port, and tells the pages where it is."""

import contextlib
import socket
from contextlib import closing
from urllib.request import urlopen

import pytest

from falconbus.platform.runtime.paths import DataFolder
from tests.platform.runtime.processes import free_port, wait_until
from tests.platform.runtime.running import STUB, WEB, Up

LIVE = "live: python -m falconbus.live\n"
TELL = f"live: sh -c 'echo stream at ${{LIVE_URL:-nowhere}}/ && exec {STUB} idle $DATA_DIR'\n"


def two_free_ports() -> int:
    """The first of two neighbours."""
    while True:
        port = free_port()
        with contextlib.suppress(OSError), closing(socket.create_server(("127.0.0.1", port + 1))):
            return port


def answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_the_live_process_has_the_port_after_the_webs(data: DataFolder) -> None:
    port = two_free_ports()
    with Up(data, port, WEB + LIVE) as up:
        up.wait_for("Ctrl-C ends it")
        wait_until(lambda: answers(port + 1), 20, "the live process does not answer")
        up.process.terminate()
        assert up.end() == 0
    assert "killed" not in up.said
    assert "exit code" not in up.said


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "stream at http://127.0.0.1:{next}/"),
        ({"LIVE_URL": "https://live.example"}, "stream at https://live.example/"),
        ({"PUBLIC_URL": "https://bus.example"}, "stream at nowhere/"),
    ],
)
def test_pages_are_told_where_the_stream_is(data: DataFolder, settings: dict[str, str], told: str) -> None:
    port = two_free_ports()
    with Up(data, port, WEB + TELL, **settings) as up:
        up.wait_for(told.format(next=port + 1))


def test_a_port_in_use_for_the_stream_is_one_clear_line_before_anything_starts(data: DataFolder) -> None:
    port = two_free_ports()
    with closing(socket.create_server(("127.0.0.1", port + 1))), Up(data, port, WEB + LIVE) as up:
        assert up.end() == 1
    assert up.lines == [
        f"falcon: live cannot listen on 127.0.0.1 port {port + 1}: Address already in use; choose another by LIVE_PORT"
    ]
    assert not (data.root / "postgres").exists()
