"""Connections to Redis for every request's path: one connection a thread, one write and one read for each call.

redis-py's pool and its sockets' time-outs hand the interpreter's lock back and forth half a dozen times a command,
which in a process of eight busy threads costs more than the command (docs/decisions/caching.md). Here the kernel
watches the time-out.
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
    """Return the client of the cache Redis, which may lose data and may be away; time-outs are 0.25 s."""
    client: Redis = current_app.extensions["cache_redis"]
    return client


class RedisConnection:
    """Sends commands to Redis; RedisError when it is away or takes longer than `timeout` seconds."""

    def __init__(self, url: str, timeout: float) -> None:
        self._pool = ConnectionPool.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout)
        self._timeout = timeout
        self._local = threading.local()

    def execute(self, *commands: Command) -> Sequence[Any]:
        """Send commands in one write and return the replies, in order; reconnect once if the connection was cut."""
        try:
            return self._execute(self._connection(), commands)
        except RedisConnectionError:
            self._disconnect()
            return self._execute(self._connection(), commands)

    def _execute(self, connection: Any, commands: tuple[Command, ...]) -> Sequence[Any]:
        try:
            connection.send_packed_command(connection.pack_commands(commands), check_health=False)
            return [connection.read_response() for _ in commands]
        except BaseException:
            # A reply still under way would be taken for that of the next command.
            self._disconnect()
            raise

    def _connection(self) -> Any:
        opened = getattr(self._local, "connection", None)
        if opened is not None and opened[0] == os.getpid():
            return opened[1]
        # Not by the pool, which counts what it has made and never what has gone: a hundred would be the last.
        connection: Any = self._pool.connection_class(**self._pool.connection_kwargs)
        connection.connect()
        self._use_kernel_timeouts(connection)
        self._local.connection = (os.getpid(), connection)
        return connection

    def _use_kernel_timeouts(self, connection: Any) -> None:
        raw_socket = getattr(connection, "_sock", None)
        if type(raw_socket) is socket.socket:
            timeout = struct.pack("ll", int(self._timeout), int(self._timeout % 1 * 1e6))
            raw_socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeout)
            raw_socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeout)
            raw_socket.settimeout(None)

    def _disconnect(self) -> None:
        opened = getattr(self._local, "connection", None)
        if opened is not None:
            del self._local.connection
            opened[1].disconnect()
