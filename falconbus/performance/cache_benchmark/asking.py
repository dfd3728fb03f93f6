"""Requests over one kept connection, as a browser sends them."""

import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Self
from urllib.parse import urlsplit

from falconbus.performance.cache_benchmark.errors import Limited, Unreachable

_PATIENCE = 15.0
#: What browsers accept.
ANY_ENCODING = "gzip, deflate, br, zstd"
PLAIN = "identity"


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer: how long it took until its last byte was here, and how many bytes its body had on the way."""

    status: int
    cache: str | None
    encoding: str
    bytes: int
    ms: float


class Line:
    """A connection to a system, made anew when it was closed; with ... to close it."""

    def __init__(self, url: str) -> None:
        self._url, parts = url, urlsplit(url)
        self._prefix = parts.path
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = kind(parts.hostname or "", parts.port, timeout=_PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, address: str, encoding: str = ANY_ENCODING) -> Heard:
        """The answer to GET; Unreachable, Limited."""
        try:
            return self._ask(address, encoding)
        except (OSError, HTTPException):
            # The other side may close a connection that was quiet; one that is new must do.
            self._connection.close()
        try:
            return self._ask(address, encoding)
        except (OSError, HTTPException) as fault:
            raise Unreachable(self._url, fault) from None

    def _ask(self, address: str, encoding: str) -> Heard:
        if self._connection.sock is None:
            self._connection.connect()
        began = time.perf_counter()
        self._connection.request("GET", self._prefix + address, headers={"Accept-Encoding": encoding})
        answer = self._connection.getresponse()
        body = answer.read()
        took = time.perf_counter() - began
        if answer.status == 429:
            raise Limited(self._url, answer.getheader("Retry-After"))
        return _heard(answer, len(body), took)


def _heard(answer: HTTPResponse, size: int, seconds: float) -> Heard:
    encoding = answer.getheader("Content-Encoding") or PLAIN
    return Heard(answer.status, answer.getheader("X-Cache"), encoding, size, 1000 * seconds)
