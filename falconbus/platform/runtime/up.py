"""`falcon up`: runs the servers, the release step, the demo network and the Procfile's processes, until told to end."""

import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from config import SettingError, Settings
from falconbus.platform.runtime.children import Child
from falconbus.platform.runtime.console import say
from falconbus.platform.runtime.elsewhere import note_up
from falconbus.platform.runtime.environment import complete, for_children, given, servers_needed, with_placeholders
from falconbus.platform.runtime.errors import CannotRun
from falconbus.platform.runtime.health import check_health, check_port, web_address
from falconbus.platform.runtime.interrupts import Interrupted, Interrupts
from falconbus.platform.runtime.locks import open_lock, try_lock
from falconbus.platform.runtime.paths import PROJECT, data_folder
from falconbus.platform.runtime.postgres import archiving
from falconbus.platform.runtime.processes import stop
from falconbus.platform.runtime.procfile import read_procfile, split_command
from falconbus.platform.runtime.servers import Servers
from falconbus.platform.runtime.supervisor import Supervisor

DEMO = "python -m falconbus demo load"
STORE_LOG = "python -m falconbus backup store-log"
ADMIN_LINE = "admin sign-in:"
#: Under `up` everything ends within 20 seconds; gunicorn's own 25 are for hosts with more patience.
GRACEFUL_TIMEOUT = "8"
SECONDS_TO_HEALTH = 60.0
SECONDS_FOR_OLD_PORT = 15.0
#: After the request to end; the servers' own six seconds come after it.
LOG_STORED_WITHIN = 14.0


@dataclass(frozen=True, kw_only=True)
class UpOptions:
    """The options of the command line."""

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int | None = None
    demo: bool = True
    procfile: Path = PROJECT / "Procfile"
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))


def run(options: UpOptions) -> int:
    """Run everything until a signal or a fault; return the exit code."""
    try:
        interrupts = Interrupts()
        with ExitStack() as stack:
            _Up(options, interrupts, stack).run()
    except Interrupted:
        say("stopped")
    except SettingError as error:
        print(f"falcon: {error}", file=sys.stderr)
        return 2
    except CannotRun as fault:
        print(f"falcon: {fault}", file=sys.stderr)
        return 1
    return 0


class _Up:
    """One run of `falcon up`; what must be undone at its end is on the stack."""

    def __init__(self, options: UpOptions, interrupts: Interrupts, stack: ExitStack) -> None:
        self._options = options
        self._interrupts = interrupts
        self._stack = stack
        self._begun = time.monotonic()
        self._address = web_address(options.host, options.port)
        self._data = data_folder(options.environment)
        self._commands = read_procfile(options.procfile)

    def run(self) -> None:
        """Run step by step, so that a fault shows before anything that depends on it is started."""
        Settings.from_environment(with_placeholders(self._options.environment))
        self._data.make()
        self._lock_data_folder()
        servers, environment = self._start_servers()
        lines = self._step("release", self._commands.pop("release", ""), environment)
        if self._options.demo:
            self._step("demo", DEMO, environment)
        self._supervise(servers, environment, [line for line in lines if line.startswith(ADMIN_LINE)])

    def _lock_data_folder(self) -> None:
        """Allow one `up` for each data folder, on a free port; CannotRun."""
        path = self._data.run / "up.lock"
        lock = open_lock(path)
        self._stack.callback(os.close, lock)
        if not try_lock(lock):
            raise CannotRun(f"already running on this data folder: {path.read_text().strip()}")
        # An address in the file is of a run that was killed, whose processes may need a moment to let go of the port.
        deadline = time.monotonic() + (SECONDS_FOR_OLD_PORT if path.read_text().strip() == self._address else 0)
        _wait_for_port(deadline, "web", self._options.host, self._options.port, "--port")
        if "live" in self._commands:
            _wait_for_port(deadline, "live", self._options.host, self._live_port(), "LIVE_PORT")
        path.write_text(self._address)
        note_up(self._data)
        self._stack.callback(path.write_text, "")

    def _live_port(self) -> int:
        """Return the event stream's port: the one after the web's, unless it is given."""
        given_port = self._options.environment.get("LIVE_PORT", "").strip()
        return int(given_port) if given_port.isdigit() else self._options.port + 1

    def _start_servers(self) -> tuple[Servers, dict[str, str]]:
        servers = servers_needed(self._data, self._options.environment)
        self._stack.callback(servers.close)
        facts = servers.start()
        if facts:
            say(f"embedded servers: {' and '.join(facts)} ({self._seconds()} s)")
        return servers, self._child_environment(facts)

    def _child_environment(self, facts: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        environment = complete(self._options.environment, self._data, facts)
        environment |= {
            "WEB_HOST": self._options.host,
            "PORT": str(self._options.port),
            "WEB_GRACEFUL_TIMEOUT": GRACEFUL_TIMEOUT,
        }
        if self._options.workers:
            environment["WEB_CONCURRENCY"] = str(self._options.workers)
        if "live" in self._commands:
            environment |= {"LIVE_HOST": self._options.host, "LIVE_PORT": str(self._live_port())}
            # Behind a PUBLIC_URL the operator knows where the stream is; browsers elsewhere cannot reach this address.
            if not given(environment, "LIVE_URL") and not given(environment, "PUBLIC_URL"):
                environment["LIVE_URL"] = web_address(self._options.host, self._live_port())
        if not given(environment, "PUBLIC_URL"):
            environment["PUBLIC_URL"] = self._address
        Settings.from_environment(environment)
        return for_children(environment, Path(sys.executable).parent)

    def _step(self, name: str, command: str, environment: Mapping[str, str]) -> list[str]:
        """Run a command to its end; return its lines, which may hold a password and so are kept nowhere."""
        if not command:
            return []
        say(f"{name}: {command}")
        step = Child(name, split_command(command, environment), environment)
        try:
            code = step.process.wait()
        finally:
            stop(step.process, ((signal.SIGTERM, 5.0),))
            step.finish_output()
        if code != 0:
            raise CannotRun(f"the {name} step failed (exit code {code}); its lines above say why")
        return list(step.last_lines)

    def _supervise(self, servers: Servers, environment: Mapping[str, str], admin: list[str]) -> None:
        say(f"starting: {', '.join(self._commands)}")
        commands = {name: split_command(command, environment) for name, command in self._commands.items()}
        self._interrupts.supervise()
        supervisor = Supervisor(commands, environment, self._data.logs)
        try:
            if self._wait_until_healthy(supervisor):
                self._summarise(environment, admin)
            self._watch(supervisor, servers)
        finally:
            say("stopping")
            deadline = time.monotonic() + LOG_STORED_WITHIN
            supervisor.stop(hurried=lambda: self._interrupts.count > 1)
            self._store_log(environment, deadline)

    def _store_log(self, environment: Mapping[str, str], deadline: float) -> None:
        """Have the embedded server's last minute in BACKUP_DIR, too, unless hurried: this machine may not come back."""
        if given(self._options.environment, "DATABASE_URL") or not archiving(environment) or self._interrupts.count > 1:
            return
        child = Child("log", split_command(STORE_LOG, environment), environment)
        while child.process.poll() is None and time.monotonic() < deadline and self._interrupts.count < 2:
            time.sleep(0.05)
        stop(child.process, ((signal.SIGTERM, 1.0),))
        child.finish_output()

    def _wait_until_healthy(self, supervisor: Supervisor) -> bool:
        """Wait until the web process is healthy; return False when told to end before that. CannotRun."""
        deadline = time.monotonic() + SECONDS_TO_HEALTH
        while not self._interrupts.count:
            supervisor.tick()
            trouble = check_health(self._options.host, self._options.port)
            if not trouble:
                return True
            if time.monotonic() > deadline:
                for line in supervisor.last_lines("web"):
                    say(f"  web said: {line}")
                raise CannotRun(f"not healthy after {SECONDS_TO_HEALTH:.0f} s: {trouble}")
            time.sleep(0.1)
        return False

    def _watch(self, supervisor: Supervisor, servers: Servers) -> None:
        """Check the processes ten times a second, the servers' daemons every other second."""
        turn = 0
        while not self._interrupts.count:
            supervisor.tick()
            turn += 1
            if turn % 20 == 0:
                servers.start()
            time.sleep(0.1)

    def _summarise(self, environment: Mapping[str, str], admin: list[str]) -> None:
        say(f"ready in {self._seconds()} s")
        say(f"  address:       {self._address}")
        say(f"  dashboard:     {self._address}/performance")
        say(f"  API docs:      {self._address}/api/docs")
        if environment.get("EMBEDDED") and not given(environment, "SMTP_URL"):
            say(f"  mails:         {self._address}/dev/mail")
        for line in admin:
            say(f"  {line}")
        say("  Ctrl-C ends it")

    def _seconds(self) -> str:
        return f"{time.monotonic() - self._begun:.1f}"


def _wait_for_port(deadline: float, name: str, host: str, port: int, remedy: str) -> None:
    while True:
        try:
            return check_port(name, host, port, remedy)
        except CannotRun:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.2)
