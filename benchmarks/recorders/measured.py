"""CPU time in nanoseconds: the hundredths of a second in /proc/<pid>/stat are too coarse for short rounds."""

from pathlib import Path

from benchmarks.server import WebServer


class MeasuredServer(WebServer):
    """A web server whose processes are measured thread by thread."""

    def cpu_microseconds(self) -> float:
        """Return the CPU time of its web processes so far, with flusher threads (proc(5), schedstat, first field)."""
        assert self._process is not None
        pid = self._process.pid
        workers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        tasks = [task for worker in workers for task in Path(f"/proc/{worker}/task").iterdir()]
        try:
            return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1000
        except OSError:
            # A kernel without scheduler statistics, or a thread that has just ended.
            return 1e6 * self.cpu_seconds()
