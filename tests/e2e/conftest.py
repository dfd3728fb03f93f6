"""The whole system as a host runs it: gunicorn, Celery worker and beat from the Procfile, mail to a real SMTP sink."""

import json
import os
import shelve
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from celery import __version__ as celery_version
from celery.beat import ScheduleEntry
from sqlalchemy import text

from falconbus.platform.database.engine import db
from falconbus.platform.jobs import celery
from falconbus.platform.kit import clock
from falconbus.platform.runtime.procfile import read_procfile, split_command

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def eventually(condition: Callable[[], Any], seconds: float = 30) -> Any:
    """The first true value of `condition`, or a failure after so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    pytest.fail(f"did not come true in {seconds} s")


def let_leases_end() -> None:
    """As if the minute had gone by after which the relay asks what became of a job's message."""
    db.session.rollback()
    db.session.execute(
        text("""
            UPDATE outbox SET run_after = now(), handed_over_at = handed_over_at - INTERVAL '2 minutes'
            WHERE done_at IS NULL
        """)
    )
    db.session.commit()


@dataclass
class Sink:
    """What an SMTP server has taken: messages with the time they came, oldest first."""

    messages: list[EmailMessage] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        self.messages.append(message_from_bytes(content, EmailMessage, policy=default))
        self.times.append(time.monotonic())
        return "250 OK"

    def about(self, reference: str) -> list[EmailMessage]:
        """The mails that name a booking in their subject."""
        return [message for message in self.messages if reference in str(message["Subject"])]


@dataclass
class Answer:
    status: int
    json: Any
    headers: Any


class System:
    """The running processes, and calls to them over HTTP."""

    def __init__(
        self, environment: dict[str, str], smtp_port: int, *, app: str = "wsgi:app", web_processes: int = 2
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **os.environ,
            **environment,
            "PORT": str(self.port),
            "WEB_HOST": "127.0.0.1",
            "WEB_CONCURRENCY": str(web_processes),
            "PUBLIC_URL": self.url,
            "SMTP_URL": f"smtp://127.0.0.1:{smtp_port}",
        }
        self._app = app
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *names: str) -> None:
        """Start the Procfile's processes of these names."""
        commands = read_procfile(ROOT / "Procfile")
        for name in names:
            words = split_command(commands[name], self.environment)
            command = [self._app if word == "wsgi:app" else word for word in words]
            bin_folder = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
            environment = {**self.environment, "PATH": bin_folder}
            self._processes[name] = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)

    def start_overdue_beat(self, *names: str) -> None:
        """Start a beat that was away for an hour: these periodic jobs, due long since, run at once."""
        long_ago = clock.now() - timedelta(hours=1)
        file = Path(self.environment["DATA_DIR"]) / "celerybeat"
        with shelve.open(str(file), "n") as schedule:  # noqa: S301  our own
            schedule["entries"] = {name: ScheduleEntry(name, last_run_at=long_ago, app=celery) for name in names}
            schedule.update(__version__=celery_version, tz="UTC", utc_enabled=True)
        self.start("beat")

    def kill(self, *names: str) -> None:
        """kill -9 processes with all their children: those of these names, or all."""
        for process in [self._processes.pop(name) for name in names or list(self._processes)]:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def stop(self, *names: str) -> None:
        """Have processes end in their own time: those of these names, or all."""
        ending = [self._processes.pop(name) for name in names or list(self._processes)]
        for process in ending:
            process.terminate()
        for process in ending:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def call(self, verb: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One HTTP request; the answer whatever its status."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, method=verb)  # noqa: S310  ours
        request.add_header("Content-Type", "application/json")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                return _answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as fault:
            with fault:
                return _answer(fault.code, fault.headers, fault.read())

    def is_up(self) -> bool:
        try:
            return self.call("GET", "/api/health/ready").status == 200
        except OSError:
            return False


def _answer(status: int, headers: Any, body: bytes) -> Answer:
    is_json = "json" in headers.get("Content-Type", "")
    return Answer(status, json.loads(body) if is_json else body, headers)


@contextmanager
def smtp_sink() -> Iterator[tuple[Sink, int]]:
    sink = Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield sink, controller.port
    finally:
        controller.stop()


@pytest.fixture
def sink_and_port() -> Iterator[tuple[Sink, int]]:
    with smtp_sink() as both:
        yield both
