"""Connections that stay open: each leads to the same web process as long as it lives."""

import http.client
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from tests.e2e.conftest import Answer, System

#: Planted beside the app's own addresses: tells which process answers.
PROCESS = "/api/v1/planted/process"
#: Opened at once for each process: whichever is free takes the next one.
_OF_ONE = 16
_MOST = 500


class KeepAliveConnection:
    """One connection, opened at once and never again."""

    def __init__(self, system: System) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", system.port, timeout=30)
        self._connection.connect()
        self._connection.auto_open = 0
        #: How many requests were answered.
        self.answered = 0

    def call(self, verb: str, path: str, body: Any = None) -> Answer:
        """A request and its answer; OSError or HTTPException when the other end is gone."""
        content = None if body is None else json.dumps(body)
        self._connection.request(verb, path, content, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        read = answer.read()
        self.answered += 1
        return Answer(answer.status, json.loads(read) if read else None, answer.headers)

    def process(self) -> int:
        """Who is at the other end."""
        found: int = self.call("GET", PROCESS).json["process"]
        return found

    def close(self) -> None:
        self._connection.close()


@contextmanager
def connections_to_each(system: System, processes: int) -> Iterator[tuple[dict[int, KeepAliveConnection], int]]:
    """A connection to each of the web processes, by its number; and how often PROCESS was asked to find them."""
    opened: list[KeepAliveConnection] = []
    found: dict[int, KeepAliveConnection] = {}
    try:
        while len(found) < processes and len(opened) < _MOST:
            # All at once, none closed before the last has been asked; asked in the order of opening, for a process
            # waits for the first ones to say something.
            batch = [KeepAliveConnection(system) for _ in range(_OF_ONE * (processes - 1) + 1)]
            opened += batch
            for connection in batch:
                if len(found) < processes:
                    found.setdefault(connection.process(), connection)
            for connection in batch:
                if connection not in found.values():
                    connection.close()
        assert len(found) == processes
        yield found, sum(connection.answered for connection in opened)
    finally:
        for connection in opened:
            connection.close()


def send_by_all(connections: Mapping[int, KeepAliveConnection], paths: Sequence[str]) -> list[Answer]:
    """Send every path by every connection, all connections at once."""
    with ThreadPoolExecutor(len(connections)) as pool:
        answered = pool.map(lambda connection: [connection.call("GET", path) for path in paths], connections.values())
        return [answer for each in answered for answer in each]
