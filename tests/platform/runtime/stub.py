"""What the tests' Procfiles run: `python -m tests.platform.runtime.stub ROLE DATA_DIR` (found again by the folder)."""

import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name for it
        """Says nothing."""


def web() -> None:
    """Answers 200 to whatever is asked."""
    ThreadingHTTPServer((os.environ["WEB_HOST"], int(os.environ["PORT"])), _Healthy).serve_forever()


def idle() -> None:
    """Ends when asked to."""
    time.sleep(600)


def stubborn() -> None:
    """Will not end, nor will its child."""
    for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", sys.argv[2]]):
        print("will not end", flush=True)
        time.sleep(600)


if __name__ == "__main__":
    {"web": web, "idle": idle, "stubborn": stubborn}[sys.argv[1]]()
