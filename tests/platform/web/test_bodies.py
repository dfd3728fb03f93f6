"""Bodies that are too long, broken or too slow: never read as if they were whole, never a fault of ours."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from gunicorn.http.errors import InvalidChunkSize, LimitRequestHeaders, NoMoreData

SIGN_IN = "/api/v1/auth/token"
LARGEST = 64 * 1024


class Source(io.RawIOBase):
    """What a server reads from a socket: a few bytes at a time, and then an end of some kind."""

    def __init__(self, content: bytes, end: Callable[[], Any] | Exception | None = None) -> None:
        self._content, self._end = io.BytesIO(content), end

    def read(self, size: int = -1) -> bytes:
        part = self._content.read(min(size, 1000) if size >= 0 else size)
        if not part and isinstance(self._end, Exception):
            raise self._end
        return part


def send(client: FlaskClient, source: Source, media: str = "application/json", path: str = SIGN_IN, **more: str) -> Any:
    """Send a body in chunks, unless `more` has its length."""
    environ = {"wsgi.input": source, "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked", **more}
    return client.post(path, content_type=media, environ_overrides=environ)


def test_a_body_in_chunks_is_too_large_like_any_other(client: FlaskClient) -> None:
    answer = send(client, Source(b'{"email": "' + b"a" * 300_000 + b'"}'))
    assert (answer.status_code, answer.json["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("path", [SIGN_IN, "/api/v1/bookings", "/sign-in"])
def test_so_is_a_form_whoever_sends_it_where(client: FlaskClient, path: str) -> None:
    media = "application/x-www-form-urlencoded"
    answer = send(client, Source(b"a=" + b"b" * 300_000), media, path, HTTP_COOKIE="falconbus_session=x")
    # The API asks for JSON before it asks how much.
    assert answer.status_code in ({413, 415} if path.startswith("/api/") else {413})


@pytest.mark.parametrize(("size", "status"), [(LARGEST, 401), (LARGEST + 1, 413)])
def test_the_largest_body_is_taken_whole_and_none_larger(client: FlaskClient, size: int, status: int) -> None:
    content = b'{"email": "a@example.com", "password": "wrong"'
    answer = send(client, Source(content + b" " * (size - len(content) - 1) + b"}"))
    assert answer.status_code == status


@pytest.mark.parametrize("fault", [InvalidChunkSize(b"xyz"), LimitRequestHeaders("trailers"), NoMoreData(), OSError()])
@pytest.mark.parametrize(
    "media", ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"]
)
@pytest.mark.parametrize("path", [SIGN_IN, "/sign-in"])
def test_broken_chunks_are_the_sender_s_fault(client: FlaskClient, fault: Exception, media: str, path: str) -> None:
    answer = send(client, Source(b"{}", fault), media, path, HTTP_ACCEPT="text/html", HTTP_COOKIE="falconbus_session=x")
    # A body of another kind than was asked for is not looked at.
    is_read = "json" in media if path == SIGN_IN else "json" not in media
    assert answer.status_code == (400 if is_read else 415 if path == SIGN_IN else 401)
    assert ("did not arrive whole" in answer.text) == is_read


def test_a_body_that_ends_early_is_no_body(client: FlaskClient) -> None:
    answer = send(
        client,
        Source(b"email=a@example.com&password=sec"),
        "application/x-www-form-urlencoded",
        "/sign-in",
        CONTENT_LENGTH="40",
        HTTP_TRANSFER_ENCODING="",
    )
    assert answer.status_code == 400
    assert "not arrive whole" in answer.text


def test_a_body_that_takes_too_long_is_told_so(client: FlaskClient) -> None:
    answer = send(client, Source(b'{"email": ', TimeoutError()))
    assert (answer.status_code, answer.json["code"]) == (408, "body_too_slow")
