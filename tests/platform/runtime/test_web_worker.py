"""The web's worker over raw sockets: who is slow keeps nobody waiting, and what has begun is finished."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from benchmarks.load_generator import drive, get
from falconbus.platform.runtime.connections import BODY_SECONDS, HEAD_SECONDS
from falconbus.platform.runtime.paths import PROJECT
from tests.platform.runtime.answering import LARGE
from tests.platform.runtime.processes import wait_until

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
THREADS = 4


class Web:
    """A gunicorn with one process of our worker."""

    def __init__(self, *options: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        worker = "falconbus.platform.runtime.web_worker.WebWorker"
        command = [
            sys.executable, "-m", "gunicorn", "-k", worker, "-w", "1", "--threads", str(THREADS), "--bind",
            f"127.0.0.1:{self.port}", "--keep-alive", "2", "--worker-connections", "100", "--no-control-socket",
            *options, "tests.platform.runtime.answering:app",
        ]  # fmt: skip
        self.process = subprocess.Popen(command, cwd=PROJECT, env={**os.environ, "PYTHONPATH": str(PROJECT)})
        wait_until(self._is_up, 30, "the web never came up")

    def connect(self, content: bytes = b"") -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.port), timeout=BODY_SECONDS + 10)
        client.sendall(content)
        return client

    def _is_up(self) -> bool:
        with socket.socket() as knock:
            return knock.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture
def web() -> Iterator[Web]:
    running = Web()
    yield running
    running.process.terminate()
    assert running.process.wait(20) == 0


def read(client: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """One answer: status, headers in lower case, body."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = client.recv(65536)
        assert part, f"closed after {received!r}"
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += client.recv(65536)
    return int(first.split()[1]), headers, body


def problem(client: socket.socket) -> tuple[int, dict[str, Any]]:
    """A refusal, which must be a problem document with the id that its header has, and the end of the connection."""
    status, headers, body = read(client)
    document = json.loads(body)
    assert headers["content-type"] == "application/problem+json"
    assert headers["cache-control"] == "no-store"
    assert (document["status"], document["request_id"]) == (status, headers["x-request-id"])
    assert client.recv(1) == b""
    return status, document


def test_a_hundred_who_are_slow_keep_nobody_waiting(web: Web) -> None:
    slow = [
        b"GET / HTTP/1.1\r\nHost: lo",
        POST + b"Content-Length: 10\r\n\r\nabc",
        b"",
        POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc",
        POST + b"Expect: 100-continue\r\nContent-Length: 9\r\n\r\n",
    ]
    with ExitStack() as stack:
        for number in range(90):
            stack.enter_context(web.connect(slow[number % len(slow)]))
        began = time.monotonic()
        for _ in range(10):
            with web.connect(GET) as quick:
                assert read(quick)[0] == 200
        assert time.monotonic() - began < 5


def test_who_waits_the_longest_makes_room(web: Web) -> None:
    with ExitStack() as stack:
        crowd = [stack.enter_context(web.connect()) for _ in range(150)]
        with web.connect(GET) as quick:
            assert read(quick)[0] == 200
        assert crowd[0].recv(1) == b""


def test_a_head_and_a_body_have_their_time(web: Web) -> None:
    with web.connect(b"GET / HTTP/1.1\r\nHost: lo") as head, web.connect(POST + b"Content-Length: 5\r\n\r\na") as body:
        began = time.monotonic()
        assert problem(head)[0] == 408
        assert HEAD_SECONDS - 1 < time.monotonic() - began < HEAD_SECONDS + 5
        assert problem(body)[0] == 408
        assert BODY_SECONDS - 1 < time.monotonic() - began < BODY_SECONDS + 5


def test_a_body_that_comes_in_drops_is_read_whole(web: Web) -> None:
    with web.connect(POST + b"Transfer-Encoding: chunked\r\n\r\n") as client:
        for byte in b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\n":
            client.sendall(bytes([byte]))
            time.sleep(0.01)
        assert read(client)[2] == b"abcde"
        client.sendall(POST + b"Content-Length: 3\r\n\r\nab")
        time.sleep(0.1)
        client.sendall(b"c")
        assert read(client)[2] == b"abc"


def test_several_requests_at_once_are_answered_in_turn(web: Web) -> None:
    with web.connect(b"".join(POST + b"Content-Length: 1\r\n\r\n%d" % number for number in range(4))) as client:
        received = b""
        while received.count(b"HTTP/1.1 200") < 4 or not received.endswith(b"3"):
            received += client.recv(65536)
        bodies = [answer.partition(b"\r\n\r\n")[2] for answer in received.split(b"HTTP/1.1 200 OK\r\n")[1:]]
        assert bodies == [b"0", b"1", b"2", b"3"]


def test_a_body_is_asked_for_by_who_expects_it(web: Web) -> None:
    with web.connect(POST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n") as client:
        assert client.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        client.sendall(b"abc")
        received = b""
        while not received.endswith(b"\r\n\r\nabc"):
            received += client.recv(65536)
        assert received.rpartition(b"HTTP/1.1 ")[2].startswith(b"200 OK")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GARBAGE\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", 400),
        (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 99000, 431),
        (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 200 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nSCRIPT_NAME: /elsewhere\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nSCRIPT_NAME: /\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: cloudy\r\n\r\n", 501),
        (POST + b"Transfer-Encoding: gzip\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\nabc", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n", 400),
        (POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (POST + b"Content-Length: x\r\n\r\nab", 400),
    ],
)
def test_what_is_no_request_is_refused_with_a_problem_document(web: Web, request_: bytes, status: int) -> None:
    with web.connect(request_) as client:
        assert problem(client)[0] == status
    with web.connect(GET) as client:
        assert read(client)[0] == 200


def test_a_body_that_nobody_reads_is_not_taken_for_the_next_request(web: Web) -> None:
    smuggled = b"GET /evil HTTP/1.1\r\nHost: a\r\n\r\n"
    unread = b"POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: "
    with web.connect(unread + b"%d\r\n\r\n%s" % (len(smuggled), smuggled)) as client:
        assert read(client)[2] == b"not looked at"
        client.sendall(GET)
        assert read(client)[2] == b""
    with web.connect(unread + b"9000000\r\n\r\n" + b"x" * 200_000) as client:
        assert read(client)[2] == b"not looked at"
        assert client.recv(1) == b""


def test_a_large_answer_arrives_whole_however_slowly_it_is_read(web: Web) -> None:
    with web.connect(b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") as client:
        time.sleep(1)
        assert len(read(client)[2]) == LARGE


def test_an_idle_connection_ends_after_its_time(web: Web) -> None:
    with web.connect(GET) as client:
        read(client)
        began = time.monotonic()
        assert client.recv(1) == b""
        assert 1.5 < time.monotonic() - began < 5


@pytest.mark.parametrize("clients", [1, 8, 64, 90])
def test_every_client_of_a_crowd_is_served(web: Web, clients: int) -> None:
    load = drive(web.port, lambda: get("/"), clients=clients, seconds=2)
    assert set(load.statuses) == {200}
    assert load.reconnects == 0
    assert load.requests > clients


def test_a_process_that_stops_finishes_what_it_has_begun() -> None:
    web = Web()
    with (
        ThreadPoolExecutor() as pool,
        web.connect(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n") as slow,
        web.connect(GET) as idle,
    ):
        read(idle)
        answer = pool.submit(read, slow)
        time.sleep(0.3)
        web.process.terminate()
        time.sleep(0.2)
        idle.sendall(GET)
        status, headers, _ = read(idle)
        assert (status, headers["connection"]) == (200, "close")
        assert answer.result()[0] == 200
    assert web.process.wait(10) == 0


@pytest.mark.parametrize("options", [(), ("--max-requests", "50")])
def test_nothing_is_lost_while_processes_are_replaced(options: tuple[str, ...]) -> None:
    web = Web(*options)
    try:
        with ThreadPoolExecutor() as pool:
            loading = pool.submit(drive, web.port, lambda: get("/"), clients=6, seconds=6)
            for _ in range(0 if options else 2):
                time.sleep(1.5)
                web.process.send_signal(signal.SIGHUP)
            load = loading.result()
        assert set(load.statuses) == {200}
        assert load.requests > 100
    finally:
        web.process.terminate()
        assert web.process.wait(20) == 0
