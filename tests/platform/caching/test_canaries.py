"""What connections to Redis rely on inside redis-py: each test fails when a new version of it changes that."""

import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from redis import ConnectionPool, Redis
from redis.exceptions import ResponseError

from falconbus.app import FalconBus
from falconbus.platform.kit.redis_connection import RedisConnection

COMMANDS = [("SET", "canary", b"\x00sings", "PX", 60_000), ("GET", "canary"), ("HMGET", "none", "a", "b")]


@pytest.fixture
def url(app: FalconBus) -> str:
    address: str = app.config["SETTINGS"].cache_redis_url
    return address


@pytest.fixture
def raw(url: str) -> Iterator[Any]:
    connection: Any = ConnectionPool.from_url(url).make_connection()
    connection.connect()
    yield connection
    connection.disconnect()


def test_commands_are_packed_sent_and_read_by_one_connection(raw: Any) -> None:
    raw.send_packed_command(raw.pack_commands(COMMANDS), check_health=False)
    assert [raw.read_response() for _ in COMMANDS] == [b"OK", b"\x00sings", [None, None]]


def test_replies_are_those_of_a_pipeline(url: str) -> None:
    with Redis.from_url(url) as client:
        pipeline = client.pipeline(transaction=False)
        for command in COMMANDS[1:]:
            pipeline.execute_command(*command)
        client.set("canary", b"\x00sings")
        assert RedisConnection(url, timeout=1).execute(*COMMANDS[1:]) == pipeline.execute()


def test_the_kernel_watches_the_time_out_of_its_socket(url: str) -> None:
    opened = RedisConnection(url, timeout=1.5)._connection()  # noqa: SLF001
    raw_socket = opened._sock  # noqa: SLF001
    assert type(raw_socket) is socket.socket
    assert raw_socket.gettimeout() is None
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        seconds, micros = struct.unpack("ll", raw_socket.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("ll")))
        assert seconds + micros / 1e6 == pytest.approx(1.5, abs=0.02)
    opened.disconnect()


def test_a_refused_command_raises_and_the_next_reply_is_its_own(url: str) -> None:
    connection = RedisConnection(url, timeout=1)
    with pytest.raises(ResponseError):
        connection.execute(("NO-SUCH-COMMAND",), ("SET", "canary", "late"))
    assert connection.execute(("ECHO", "mine")) == [b"mine"]


def test_connections_may_be_cut_and_opened_for_ever(url: str) -> None:
    connection = RedisConnection(url, timeout=1)
    for _ in range(120):
        connection.execute(("PING",))
        connection._disconnect()  # noqa: SLF001


def test_a_connection_that_was_cut_is_opened_anew(url: str) -> None:
    connection = RedisConnection(url, timeout=1)
    connection.execute(("PING",))
    connection._connection()._sock.shutdown(socket.SHUT_RDWR)  # noqa: SLF001
    assert connection.execute(("ECHO", "again")) == [b"again"]
