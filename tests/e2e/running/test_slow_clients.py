"""The site as a host runs it, and clients that never finish what they began."""

import socket
from contextlib import ExitStack

import pytest

from tests.e2e.conftest import System, eventually

pytestmark = [pytest.mark.xdist_group("running"), pytest.mark.timeout(240)]


def _answer(client: socket.socket) -> bytes:
    received = b""
    while part := client.recv(65536):
        received += part
    return received


def test_it_goes_on_selling_beside_them_and_ends_in_time(system: System) -> None:
    body = b"POST /api/bookings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    unfinished = (b"GET /api/stops HTTP/1.1\r\nHost:", body + b"Content-Length: 99\r\n\r\n{", b"")
    with ExitStack() as stack:
        slow = []
        for number in range(120):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", system.port), timeout=40))
            client.sendall(unfinished[number % 3])
            slow.append(client)
        for _ in range(20):
            assert system.call("GET", "/api/stops").status == 200
        assert b"HTTP/1.1 408 " in _answer(slow[0])
        assert system.is_up()
        system.stop("web")
    system.start("web")
    eventually(system.is_up)


def test_what_is_no_request_is_never_our_fault(system: System) -> None:
    head = b"POST /api/bookings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n"
    for request, status in (
        (chunked + b"xyz\r\n{}\r\n0\r\n\r\n", 400),
        (chunked + b"2\r\n{}zz0\r\n\r\n", 400),
        (chunked + b"49400\r\n" + b" " * 300_032 + b"\r\n0\r\n\r\n", 413),
        (head + b"Content-Length: 300032\r\n\r\n" + b" " * 300_032, 413),
        (b"GET /api/stops HTTP/1.1\r\nHost: localhost\r\nSCRIPT_NAME: /x\r\n\r\n", 400),
        (b"GET /api/stops HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 400),
    ):
        with socket.create_connection(("127.0.0.1", system.port), timeout=40) as client:
            client.sendall(request)
            answer = _answer(client)
        assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:300]
        assert b"\r\nCache-Control: no-store\r\n" in answer
        assert b"\r\nX-Request-ID: " in answer
        assert b"\r\nContent-Type: application/problem+json\r\n" in answer
    assert eventually(system.is_up)
