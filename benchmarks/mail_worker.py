"""What the mail benchmark runs beside the web: a Celery worker whose children are watched, and an SMTP server."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Event, Thread
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from benchmarks.cpu_time import family_cpu_seconds
from benchmarks.environment import RESULTS, ROOT
from benchmarks.server import free_port
from falconbus.platform.jobs import Queue

_SAMPLE_SECONDS = 0.25
_WORKER = ("worker", "--queues", ",".join(Queue), "--prefetch-multiplier", "1")
_QUIET = ("--without-gossip", "--without-mingle", "--loglevel", "warning")


class MailServer:
    """A real SMTP server that notes when it was given which message."""

    def __init__(self) -> None:
        #: By Message-ID, less its host: seconds of time.monotonic().
        self.received: dict[str, float] = {}
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())
        self.url = f"smtp://127.0.0.1:{self._controller.port}"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        head = envelope.content.partition(b"\r\n\r\n")[0]
        message_id = head.partition(b"Message-ID: <")[2].partition(b"@")[0].decode()
        self.received.setdefault(message_id, time.monotonic())
        return "250 2.0.0 OK"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()


class Worker:
    """A Celery worker of `children`, with beat if asked for; the memory of its children is sampled while it runs."""

    def __init__(self, settings: Mapping[str, str], *, children: int, with_beat: bool) -> None:
        self._settings = {**settings, "PYTHONPATH": str(ROOT), "LOG_LEVEL": "WARNING"}
        schedule = ("--beat", "--schedule", str(RESULTS / "mail-beat")) if with_beat else ()
        self._arguments = (*_WORKER, "--concurrency", str(children), *_QUIET, *schedule)
        #: Proportional set size, the most that each child was seen with, by its pid; kilobytes. Then the same of RSS.
        self.shares: dict[int, int] = {}
        self.sizes: dict[int, int] = {}
        self._cpu_notes: list[float] = []
        self._is_over = Event()

    def __enter__(self) -> Self:
        RESULTS.mkdir(exist_ok=True)
        with (RESULTS / "mail-worker.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "celery", "--quiet", "--app", "workers.app:celery", *self._arguments],
                cwd=ROOT, env=self._settings, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self._sampler = Thread(target=self._sample, daemon=True)
        self._sampler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._sampler.join()
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def note_cpu(self) -> None:
        """Begin to count processor time, or end it."""
        self._cpu_notes.append(family_cpu_seconds(self._process.pid))

    @property
    def cpu_seconds(self) -> float:
        """Processor time of the worker and its children between the two notes."""
        return self._cpu_notes[1] - self._cpu_notes[0]

    def _sample(self) -> None:
        while not self._is_over.wait(_SAMPLE_SECONDS):
            for pid in self._children():
                share, size = _memory(pid)
                self.shares[pid] = max(self.shares.get(pid, 0), share)
                self.sizes[pid] = max(self.sizes.get(pid, 0), size)

    def _children(self) -> Sequence[int]:
        try:
            found = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        except OSError:
            return ()
        return [int(pid) for pid in found]


def _memory(pid: int) -> tuple[int, int]:
    """Return PSS and RSS of a process in kilobytes (proc(5), smaps_rollup); 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0, 0
    found = {line.partition(":")[0]: int(line.split()[1]) for line in lines[1:]}
    return found["Pss"], found["Rss"]
