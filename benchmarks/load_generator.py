"""Load generator: clients in a closed loop, each on a keep-alive connection, all in one thread with epoll.

It parses no more of HTTP than it must, so that it takes little of the CPU that it shares with the servers; its own CPU
time is in every result.
"""

import re
import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

RequestSource = Callable[[], bytes | None]
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_TIMEOUT_SECONDS = 30.0
_KEPT_REFUSALS = 3
# A connection is pinned to one web process; regular new ones even out how they are distributed over the processes.
_REQUESTS_PER_CONNECTION = 50


@dataclass
class LoadResult:
    """The measurements of a load. Times are in seconds."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    #: The first answers other than 2xx.
    refusals: list[bytes] = field(default_factory=list)
    #: Connections that the server closed between two requests; the request went again on a new one.
    reconnects: int = 0
    client_cpu: float = 0.0

    @property
    def requests(self) -> int:
        return len(self.latencies)

    @property
    def rate(self) -> float:
        return self.requests / self.seconds

    @property
    def errors(self) -> int:
        return sum(count for status, count in self.statuses.items() if not 200 <= status < 300)

    def percentile(self, share: float) -> float:
        """Return the latency in milliseconds that `share` percent of the requests did not exceed."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share / 100))]

    def add(self, other: "LoadResult") -> None:
        """Add the measurements of another round."""
        self.seconds += other.seconds
        self.latencies += other.latencies
        self.statuses += other.statuses
        self.refusals = (self.refusals + other.refusals)[:_KEPT_REFUSALS]
        self.reconnects += other.reconnects
        self.client_cpu += other.client_cpu


def drive(port: int, source: RequestSource, *, clients: int, seconds: float = 3600.0) -> LoadResult:
    """Send the source's requests for `seconds` or until it returns None, at most one at a time for each client."""
    load, began, cpu = LoadResult(), time.perf_counter(), time.process_time()
    with selectors.DefaultSelector() as selector:
        connections = [_Client(port, selector) for _ in range(clients)]
        active = sum(client.send(source()) for client in connections)
        while active:
            events = selector.select(_TIMEOUT_SECONDS)
            if not events:
                raise TimeoutError(f"no answer in {_TIMEOUT_SECONDS:.0f} seconds")
            for key, _ in events:
                client: _Client = key.data
                if client.receive(load):
                    has_time = time.perf_counter() - began < seconds
                    active -= not client.send(source() if has_time else None)
    load.seconds = time.perf_counter() - began
    load.client_cpu = time.process_time() - cpu
    return load


class _Client:
    """One connection with at most one request on its way."""

    def __init__(self, port: int, selector: selectors.BaseSelector) -> None:
        self._port, self._selector = port, selector
        self._request, self._sent = b"", 0.0
        self._answer = bytearray()
        self._answered = 0
        self._connect()

    def send(self, request: bytes | None) -> bool:
        """Send a request and return True; without one close the connection and return False."""
        if request is None:
            self._close()
            return False
        if self._answered >= _REQUESTS_PER_CONNECTION:
            self._reconnect()
        self._request, self._sent = request, time.perf_counter()
        try:
            self._socket.sendall(request)
        except OSError:
            self._reconnect()
            self._socket.sendall(request)
        return True

    def receive(self, load: LoadResult) -> bool:
        """Read what has arrived; return True when the response is complete."""
        try:
            part = self._socket.recv(65536)
        except ConnectionResetError:
            part = b""
        if not part:
            self._resend(load)
            return False
        self._answer += part
        end = self._answer.find(b"\r\n\r\n")
        if end < 0:
            return False
        length = _LENGTH.search(self._answer, 0, end + 2)
        if length is None:
            raise ValueError(f"an answer without a length: {bytes(self._answer[:200])!r}")
        if len(self._answer) < end + 4 + int(length[1]):
            return False
        self._record(load, self._answer[:end].lower())
        return True

    def _record(self, load: LoadResult, head: bytearray) -> None:
        status = int(head[9:12])
        load.latencies.append(time.perf_counter() - self._sent)
        load.statuses[status] += 1
        if not 200 <= status < 300 and len(load.refusals) < _KEPT_REFUSALS:
            load.refusals.append(bytes(self._answer))
        self._answer.clear()
        self._answered += 1
        if b"\r\nconnection: close" in head:
            self._reconnect()

    def _resend(self, load: LoadResult) -> None:
        """Send the request again on a new connection; ConnectionError when the closed one was not idle.

        A server may close an idle connection at any time (RFC 9112, 9.3.1), but not one that is new.
        """
        if self._answer or not self._answered:
            raise ConnectionError("the server closed a connection before its answer")
        load.reconnects += 1
        self._reconnect()
        self._socket.sendall(self._request)

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=_TIMEOUT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(self._socket, selectors.EVENT_READ, self)
        self._answered = 0

    def _reconnect(self) -> None:
        self._close()
        self._connect()

    def _close(self) -> None:
        self._selector.unregister(self._socket)
        self._socket.close()


def get(path: str) -> bytes:
    """Return the bytes of a GET request."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n".encode()


def post(path: str, body: bytes, key: str) -> bytes:
    """Return the bytes of a POST request with JSON and an Idempotency-Key."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nIdempotency-Key: {key}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
