"""gunicorn's worker for the web: threads that take whole requests from one queue of the kernel's.

A thread is only given a request that has arrived; who sends slowly, or nothing, waits in the kernel and takes nobody's
place, and of those who wait for an answer none is forgotten: the queue is first in, first out (docs/decisions/
web-worker.md).
"""

import os
import select
import socket
import threading
import time
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import msgspec
from gunicorn import util
from gunicorn.http import errors
from gunicorn.workers.base import Worker
from gunicorn.workers.gthread import ThreadWorker

from falconbus.platform.kit import context
from falconbus.platform.runtime.connections import Connection, HeadTooLarge

_ONCE = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLONESHOT
#: Seconds: between two looks at who has waited too long; for a client to close after its last answer; for requests on
#: their way to a process that stops.
_SWEEP, _LINGER, _LAST = 0.5, 2.0, 1.0
_STATUS: dict[type[Exception], HTTPStatus] = {
    HeadTooLarge: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    errors.ForbiddenProxyRequest: HTTPStatus.FORBIDDEN,
    TimeoutError: HTTPStatus.REQUEST_TIMEOUT,
}


class WebWorker(ThreadWorker):  # type: ignore[misc]
    """Reuses how gunicorn's gthread answers one request (`handle_request`); connections are its own."""

    #: Set to False by a signal, and by gunicorn after `max_requests`.
    alive: bool

    def init_process(self) -> None:
        self._queue = select.epoll()
        self._open: set[Connection] = set()
        #: By file descriptor, the longest waiting first. Whoever takes one out of it owns it.
        self._waiting: dict[int, Connection] = {}
        Worker.init_process(self)

    def handle_exit(self, sig: int, frame: object) -> None:
        Worker.handle_exit(self, sig, frame)

    def handle_quit(self, sig: int, frame: object) -> None:
        Worker.handle_quit(self, sig, frame)

    def run(self) -> None:
        """Let threads answer until the process is to stop, then finish what has begun."""
        listeners = {listener.fileno(): listener for listener in self.sockets}
        for number, listener in listeners.items():
            listener.settimeout(0)
            self._queue.register(number, _ONCE)
        for _ in range(self.cfg.threads):
            threading.Thread(target=self._work, args=(listeners,), daemon=True).start()
        while self.alive and self.is_parent_alive():
            self._tick()
        self.alive = False
        for number in listeners:
            self._queue.unregister(number)
        stopped = time.monotonic()
        while len(self._open) > len(self._waiting) or (self._waiting and time.monotonic() < stopped + _LAST):
            self._tick()
        for connection in self._waiting.copy().values():
            self._end(connection)

    def _tick(self) -> None:
        """Tell the arbiter that all is well, wait for a signal, and close what has waited too long."""
        self.notify()
        if select.select([self.PIPE[0]], [], [], _SWEEP if self.alive else _SWEEP / 10)[0]:
            os.read(self.PIPE[0], 1024)
        now = time.monotonic()
        for number, connection in self._waiting.copy().items():
            overdue = self._waiting.pop(number, None) if connection.deadline < now else None
            if overdue is None:
                continue
            if overdue.deadline < now and (overdue.received or overdue.is_closing or overdue.is_silent()):
                self._give_up(overdue)
            else:
                # A request that waits for its turn, or another connection of that number.
                self._wait(overdue)

    def _work(self, listeners: dict[int, socket.socket]) -> None:
        while True:
            for number, _ in self._queue.poll(maxevents=1):
                try:
                    if number in listeners:
                        self._accept(listeners[number])
                    elif (connection := self._waiting.pop(number, None)) is not None:
                        self._go_on(connection)
                except Exception:
                    self.log.exception("a connection was lost")

    def _accept(self, listener: socket.socket) -> None:
        try:
            client, address = listener.accept()
        except OSError:
            client = None
        if self.alive:
            # run() may have taken it out just now.
            with suppress(OSError):
                self._queue.modify(listener, _ONCE)
        if client is None:
            return
        connection = Connection(self.cfg, client, address, listener.getsockname())
        if len(self._open) >= self.cfg.worker_connections:
            self._make_room()
        self._open.add(connection)
        self._queue.register(connection.sock, select.EPOLLONESHOT)
        self._go_on(connection)

    def _make_room(self) -> None:
        """Close the connection that has been silent for the longest; none while each waits for its turn."""
        for number in self._waiting.copy():
            oldest = self._waiting.pop(number, None)
            if oldest is None:
                continue
            if oldest.is_silent():
                self._end(oldest)
                return
            self._wait(oldest)

    def _go_on(self, connection: Connection) -> None:
        """Take what has arrived on a connection, and answer as soon as it is a request."""
        try:
            if not connection.receive():
                self._end(connection)
                return
            while not connection.is_closing and connection.is_whole():
                connection.hand_over()
                if not self._answer(connection):
                    self._close(connection)
                    return
                connection.take_back(self.cfg.keepalive)
        except BlockingIOError:
            pass
        except HeadTooLarge as fault:
            self.handle_error(None, connection.sock, connection.client, fault)
            self._close(connection)
            return
        except OSError:
            self._end(connection)
            return
        except Exception:
            self._end(connection)
            raise
        self._wait(connection)

    def _answer(self, connection: Connection) -> bool:
        """Answer a request; return whether the connection is good for another one."""
        request = None
        try:
            request = next(connection.parser)
            _check_headers(request.headers)
            is_kept = self.handle_request(request, connection)
            return bool(is_kept and connection.parser.finish_body(deadline=connection.body_deadline))
        except (OSError, StopIteration) as fault:
            self.log.debug("a connection ended: %s", fault)
        except Exception as fault:  # noqa: BLE001  told and logged there
            self.handle_error(request, connection.sock, connection.client, fault)
        return False

    def _wait(self, connection: Connection) -> None:
        number = connection.sock.fileno()
        self._waiting[number] = connection
        try:
            self._queue.modify(number, _ONCE)
        except (OSError, ValueError):
            self._waiting.pop(number, None)
            self._end(connection)

    def _give_up(self, connection: Connection) -> None:
        """Close a connection whose time is up, with a word to who was in the middle of a request."""
        if connection.received and not connection.is_closing:
            self.handle_error(None, connection.sock, connection.client, TimeoutError("the request took too long"))
        self._end(connection)

    def _close(self, connection: Connection) -> None:
        """Say that there is no more to come, and wait for the client to have read it."""
        try:
            connection.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._end(connection)
            return
        connection.is_closing, connection.deadline = True, time.monotonic() + _LINGER
        self._wait(connection)

    def _end(self, connection: Connection) -> None:
        self._open.discard(connection)
        util.close(connection.sock)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """Refuse what is no request with a problem document, as the app does."""
        del req
        status = next((status for kind, status in _STATUS.items() if isinstance(exc, kind)), None)
        is_ours = status is None and not isinstance(exc, errors.ParseException)
        status = status or (HTTPStatus.INTERNAL_SERVER_ERROR if is_ours else HTTPStatus.BAD_REQUEST)
        request_id = context.begin(None)
        if is_ours:
            self.log.error("unexpected, request %s", request_id, exc_info=exc)
        else:
            self.log.warning("refused %s: %s from %s", request_id, type(exc).__name__, addr[0] if addr else "a socket")
        code = "internal" if is_ours else f"http_{status.value}"
        document = {
            "type": f"urn:falconbus:problem:{code}", "title": status.phrase, "status": status.value,
            "detail": status.description or status.phrase, "code": code, "request_id": request_id,
        }  # fmt: skip
        body = msgspec.json.encode(document)
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\nConnection: close\r\nCache-Control: no-store\r\n"
            f"X-Content-Type-Options: nosniff\r\nX-Request-ID: {request_id}\r\n"
            f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        try:
            os.write(client.fileno(), head.encode() + body)
        except OSError as fault:
            self.log.debug("the refusal could not be sent: %s", fault)


def _check_headers(headers: list[tuple[str, str]]) -> None:
    """Refuse what gunicorn believes of anybody on this machine: where the app begins. Ours begins at PUBLIC_URL."""
    for name, _ in headers:
        if name in {"SCRIPT_NAME", "PATH_INFO"}:
            raise errors.InvalidHeaderName(name)
