"""Writes what this process has measured to Redis about once a second, in a thread that is started after the fork."""

import atexit
import logging
import os
import secrets
import socket
import threading
import time
from collections import deque
from collections.abc import Callable

from redis import Redis, RedisError

from falconbus.platform.telemetry import minute_counts, store
from falconbus.platform.telemetry.aggregator import Aggregator
from falconbus.platform.telemetry.minute_counts import Key, Minute
from falconbus.platform.telemetry.trace import Trace

log = logging.getLogger(__name__)

SECONDS = 1.0
#: Seconds after its end until which a minute is written; what was not written by then is added to the present one.
GRACE = 60
#: Finished requests that wait for the next flush.
MOST_WAITING = 5000


class Flusher:
    """Takes finished traces from any thread; its own thread adds them up and writes them."""

    def __init__(self, redis: Redis, release: str) -> None:
        self._redis = redis
        self._release = release
        self._export: Callable[[Trace, Aggregator], None] | None = None
        self._reset()
        os.register_at_fork(after_in_child=self._reset)
        atexit.register(self.flush)

    def _reset(self) -> None:
        self.process = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self._waiting: deque[Trace] = deque()
        self._counts: deque[tuple[Key, str, int]] = deque()
        self._times: deque[tuple[Key, int]] = deque()
        self._dropped = 0
        self._aggregator = Aggregator(self._release)
        self._minute = int(time.time()) // 60 * 60
        self._late: dict[int, Minute] = {}
        self._present_until = 0.0
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def export_to(self, export: Callable[[Trace, Aggregator], None]) -> None:
        """Hand each finished trace to `export` as well, in the flusher's thread."""
        self._export = export

    def add(self, trace: Trace) -> None:
        """Take a finished trace; those that the buffer has no room for are dropped and counted."""
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(trace)
        else:
            self._dropped += 1
        if self._thread is None:
            self._start()

    def count(self, key: Key, counter: str, number: int = 1) -> None:
        """Add to a counter that belongs to no request."""
        if len(self._counts) < MOST_WAITING:
            self._counts.append((key, counter, number))
        if self._thread is None:
            self._start()

    def time(self, key: Key, microseconds: int) -> None:
        """Add a duration that belongs to no request."""
        if len(self._times) < MOST_WAITING:
            self._times.append((key, microseconds))
        if self._thread is None:
            self._start()

    def flush(self) -> None:
        """Add up what is waiting, and write the minutes that changed; while Redis is away they are kept."""
        with self._lock:
            began = time.thread_time()
            if not self._take_in():
                self._be_present()
                return
            minutes = {**self._late, self._minute: self._aggregator.snapshot()}
            try:
                written = store.write(self._redis, self.process, minutes)
                self._late.clear()
                self._aggregator.count((minute_counts.RECORDER,), "bytes", written)
            except RedisError as fault:
                log.debug("telemetry waits for Redis: %s", type(fault).__name__)
            self._aggregator.count((minute_counts.RECORDER,), "flush_us", int((time.thread_time() - began) * 1e6))

    def _be_present(self) -> None:
        """Say every few seconds that this process is there, while it has nothing to write."""
        if time.monotonic() < self._present_until:
            return
        self._present_until = time.monotonic() + store.PRESENT_SECONDS / 3
        try:
            store.be_present(self._redis, self.process)
        except RedisError as fault:
            log.debug("telemetry waits for Redis: %s", type(fault).__name__)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            time.sleep(SECONDS)
            try:
                self.flush()
            except Exception:
                log.exception("telemetry lost a second")

    def _take_in(self) -> bool:
        """Add up what is waiting; return whether there is anything to write."""
        now = int(time.time())
        if now - self._minute >= 60:
            self._late[self._minute] = self._aggregator.begin_minute()
            self._minute = now // 60 * 60
        for minute in [late for late in self._late if now > late + 60 + GRACE]:
            self._aggregator.minute.merge(self._late.pop(minute))
        anything = bool(self._waiting or self._counts or self._times or self._late or self._dropped)
        for _ in range(len(self._waiting)):
            trace = self._waiting.popleft()
            self._aggregator.add(trace)
            if self._export is not None:
                self._export(trace, self._aggregator)
        for _ in range(len(self._counts)):
            self._aggregator.count(*self._counts.popleft())
        for _ in range(len(self._times)):
            self._aggregator.time(*self._times.popleft())
        dropped, self._dropped = self._dropped, 0
        self._aggregator.count((minute_counts.RECORDER,), "dropped", dropped)
        return anything
