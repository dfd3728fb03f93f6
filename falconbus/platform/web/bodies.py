"""Request bodies: read no further than is taken, and what goes wrong with one on its way is the sender's fault."""

from typing import IO, cast

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.utils import cached_property
from werkzeug.wsgi import LimitedStream, get_content_length

from falconbus.platform.web.problems import BodyTooSlow, BrokenBody


class BodyRequest(Request):
    """Flask's request, whose body is read by a _Body; one whose end the server does not mark stays werkzeug's own."""

    @cached_property
    def stream(self) -> IO[bytes]:
        declared, largest = get_content_length(self.environ), self.max_content_length
        is_too_large = largest is not None and declared is not None and declared > largest
        if largest is None or is_too_large or "wsgi.input_terminated" not in self.environ:
            return super().stream
        return cast(IO[bytes], _Body(self.environ["wsgi.input"], largest, declared))


class _Body(LimitedStream):
    """A body of at most `largest` bytes; werkzeug's stream would cut a longer one off there and say nothing.

    RequestEntityTooLarge at the first byte too many, BrokenBody when it ends early or its chunks are malformed,
    BodyTooSlow when the server gave up waiting for it.
    """

    def __init__(self, source: IO[bytes], largest: int, declared: int | None) -> None:
        super().__init__(source, largest + 1, is_max=True)
        self._source, self._declared = source, declared

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        if self.is_exhausted:
            raise RequestEntityTooLarge
        try:
            part = self._source.read(min(len(buffer), self.limit - self._pos))
        except TimeoutError:
            raise BodyTooSlow from None
        except Exception as fault:
            # Each server has its own errors for what is no body.
            raise BrokenBody from fault
        if not part and self._declared is not None and self._pos < self._declared:
            raise BrokenBody
        buffer[: len(part)] = part
        self._pos += len(part)
        if self.is_exhausted:
            raise RequestEntityTooLarge
        return len(part)
