"""HTTP requests over one persistent connection, as a browser sends them."""

import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Self
from urllib.parse import urlsplit

from falconbus.performance.cache_benchmark.errors import Limited, Unreachable

_TIMEOUT = 15.0
#: The encodings that browsers accept.
ANY_ENCODING = "gzip, deflate, br, zstd"
PLAIN = "identity"


@dataclass(frozen=True, slots=True)
class TimedResponse:
    """A response: milliseconds until its last byte, and the bytes of its body as transferred."""

    status: int
    cache: str | None
    encoding: str
    bytes: int
    ms: float


class HttpConnection:
    """A persistent connection to a system, reopened when it was closed; a context manager."""

    def __init__(self, url: str) -> None:
        self._url, parts = url, urlsplit(url)
        self._prefix = parts.path
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, address: str, encoding: str = ANY_ENCODING) -> TimedResponse:
        """Return the response to GET; Unreachable, Limited."""
        try:
            return self._ask(address, encoding)
        except (OSError, HTTPException):
            # The server may close an idle connection; a new one must work.
            self._connection.close()
        try:
            return self._ask(address, encoding)
        except (OSError, HTTPException) as fault:
            raise Unreachable(self._url, fault) from None

    def _ask(self, address: str, encoding: str) -> TimedResponse:
        if self._connection.sock is None:
            self._connection.connect()
        began = time.perf_counter()
        self._connection.request("GET", self._prefix + address, headers={"Accept-Encoding": encoding})
        response = self._connection.getresponse()
        body = response.read()
        took = time.perf_counter() - began
        if response.status == 429:
            raise Limited(self._url, response.getheader("Retry-After"))
        return _timed_response(response, len(body), took)


def _timed_response(response: HTTPResponse, size: int, seconds: float) -> TimedResponse:
    encoding = response.getheader("Content-Encoding") or PLAIN
    return TimedResponse(response.status, response.getheader("X-Cache"), encoding, size, 1000 * seconds)
