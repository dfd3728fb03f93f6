"""A line to Redis for what is on every request's way: one connection a thread, one write and one read a question.

redis-py's pool and its sockets' time-outs hand the interpreter's lock back and forth half a dozen times a command,
which in a process of eight busy threads costs more than the command (docs/decisions/caching.md). Here the kernel keeps
the time.
"""

import os
import socket
import struct
import threading
from collections.abc import Sequence
from typing import Any

from flask import current_app
from redis import ConnectionPool, Redis
from redis.exceptions import ConnectionError as RedisConnectionError

Command = tuple[bytes | str | int | float, ...]


def cache_redis() -> Redis:
    """The Redis of caches and live metrics, which may forget and may be away; it is given a quarter of a second."""
    client: Redis = current_app.extensions["cache_redis"]
    return client


class RedisLine:
    """Asks Redis; RedisError when it is away or takes longer than `patience` seconds."""

    def __init__(self, url: str, patience: float) -> None:
        self._pool = ConnectionPool.from_url(url, socket_timeout=patience, socket_connect_timeout=patience)
        self._patience = patience
        self._own = threading.local()

    def ask(self, *commands: Command) -> Sequence[Any]:
        """The answers, in order; a line that was cut while it lay idle is mended once."""
        try:
            return self._ask(self._connection(), commands)
        except RedisConnectionError:
            self._hang_up()
            return self._ask(self._connection(), commands)

    def _ask(self, connection: Any, commands: tuple[Command, ...]) -> Sequence[Any]:
        try:
            connection.send_packed_command(connection.pack_commands(commands), check_health=False)
            return [connection.read_response() for _ in commands]
        except BaseException:
            # What is still under way would be taken for the answer to the next question.
            self._hang_up()
            raise

    def _connection(self) -> Any:
        own = getattr(self._own, "line", None)
        if own is not None and own[0] == os.getpid():
            return own[1]
        connection: Any = self._pool.make_connection()
        connection.connect()
        self._leave_time_to_the_kernel(connection)
        self._own.line = (os.getpid(), connection)
        return connection

    def _leave_time_to_the_kernel(self, connection: Any) -> None:
        plain = getattr(connection, "_sock", None)
        if type(plain) is socket.socket:
            patience = struct.pack("ll", int(self._patience), int(self._patience % 1 * 1e6))
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, patience)
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, patience)
            plain.settimeout(None)

    def _hang_up(self) -> None:
        own = getattr(self._own, "line", None)
        if own is not None:
            del self._own.line
            own[1].disconnect()
