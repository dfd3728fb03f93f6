"""What a client has sent so far on its connection, and whether it is a request that can be answered yet."""

import os
import re
import select
import socket
import time
from typing import Any

from gunicorn.config import Config
from gunicorn.http import get_parser

#: Seconds in which a request's head, and then its body, has to arrive.
HEAD_SECONDS, BODY_SECONDS = 10.0, 20.0
#: More of a head is refused; more of a body is left to whoever reads it, and need not be there to begin.
LARGEST_HEAD, LARGEST_WAITED_FOR = 64 * 1024, 128 * 1024
_READ, _SEND_BUFFER = 64 * 1024, 256 * 1024
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r\n]*chunked", re.IGNORECASE)
_EXPECTS = re.compile(rb"\r\nexpect:[ \t]*100-continue", re.IGNORECASE)
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")


class HeadTooLarge(Exception):
    """The head is longer than LARGEST_HEAD."""


class _Client(socket.socket):
    """A socket that writes at once what the kernel takes, where Python's with a time limit asks it first."""

    def sendall(self, data: bytes, flags: int = 0, /) -> None:  # type: ignore[override]
        try:
            sent = os.write(self.fileno(), data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            super().sendall(memoryview(data)[sent:], flags)


class Connection:
    """A client's connection. What arrives is only measured here; gunicorn's parser reads it once it is whole.

    At any time it belongs to one thread, or waits for its next bytes until `deadline`.
    """

    def __init__(self, config: Config, client: socket.socket, address: Any, server: Any) -> None:
        # The names that gunicorn's workers know.
        self.sock, self.client, self.server = _Client(fileno=client.detach()), address, server
        # For who reads a long body, or sends. To the kernel it never blocks.
        self.sock.settimeout(BODY_SECONDS)
        # An answer is the kernel's at once, however slowly it is read.
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        self.parser = get_parser(config, self.sock, address)
        self.received = bytearray()
        self.deadline = time.monotonic() + HEAD_SECONDS
        #: Answered for the last time; what still comes is thrown away, lest the answer be lost (RFC 9112, 9.6).
        self.is_closing = False
        self._body_at = 0
        self._next_chunk = 0
        self._whole_at: int | None = None

    def receive(self) -> bool:
        """Take what has arrived; return False when the client has closed. BlockingIOError when there is nothing."""
        part = os.read(self.sock.fileno(), _READ)
        if part and not self.received and not self.is_closing:
            self.deadline = time.monotonic() + HEAD_SECONDS
        if not self.is_closing:
            self.received += part
        return bool(part)

    def is_silent(self) -> bool:
        """Tell whether nothing has arrived that nobody has had the time to take."""
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return not poll.poll(0)

    def is_whole(self) -> bool:
        """Tell whether a request can be answered without waiting for its sender; HeadTooLarge."""
        if not self._body_at and not self._find_body():
            return False
        if len(self.received) - self._body_at >= LARGEST_WAITED_FOR:
            return True
        return self._has_last_chunk() if self._whole_at is None else len(self.received) >= self._whole_at

    @property
    def body_deadline(self) -> float | None:
        """Until when to read the rest of a body that nobody wanted; None for one that is here already."""
        is_here = len(self.received) - self._body_at < LARGEST_WAITED_FOR
        return None if is_here else time.monotonic() + 1

    def hand_over(self) -> None:
        """Give what has arrived to the parser."""
        self.parser.unreader.unread(bytes(self.received))

    def take_back(self, seconds: float) -> None:
        """Begin to wait for the next request, for so many seconds; it may have arrived with the last one."""
        self.received = bytearray(self.parser.unreader.take_buffered())
        self.deadline = time.monotonic() + (HEAD_SECONDS if self.received else seconds)
        self._body_at, self._next_chunk, self._whole_at = 0, 0, None

    def _find_body(self) -> bool:
        end = self.received.find(b"\r\n\r\n")
        if end > LARGEST_HEAD or (end < 0 and len(self.received) > LARGEST_HEAD):
            raise HeadTooLarge
        if end < 0:
            return False
        self._body_at = self._next_chunk = end + 4
        length = _LENGTH.search(self.received, 0, end + 2)
        if _CHUNKED.search(self.received, 0, end) is None:
            self._whole_at = self._body_at + (int(length[1]) if length else 0)
        if self._whole_at != self._body_at:
            self.deadline = time.monotonic() + BODY_SECONDS
            if len(self.received) == self._body_at and _EXPECTS.search(self.received, 0, end):
                self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def _has_last_chunk(self) -> bool:
        """Follow the chunks to the last one; one that is malformed is the parser's to refuse, at once."""
        while self._next_chunk < len(self.received):
            if self.received.find(b"\r\n", self._next_chunk) < 0:
                return len(self.received) - self._next_chunk > _READ
            chunk = _CHUNK.match(self.received, self._next_chunk)
            is_apart = self._next_chunk in {self._body_at, self.received.find(b"\r\n", self._next_chunk - 2) + 2}
            if chunk is None or not is_apart:
                return True
            size = int(chunk[1], 16)
            if size == 0:
                return self.received.find(b"\r\n\r\n", chunk.end() - 2) >= 0
            self._next_chunk = chunk.end() + size + 2
        return False
