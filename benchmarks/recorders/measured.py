"""Processor time to the nanosecond: /proc/<pid>/stat counts hundredths of a second, too coarse for short rounds."""

from pathlib import Path

from benchmarks.server import WebServer


class MeasuredServer(WebServer):
    """A gunicorn whose web processes are measured thread by thread."""

    def cpu_microseconds(self) -> float:
        """What its web processes have used so far, flusher threads included (proc(5), schedstat, first field)."""
        assert self._process is not None
        pid = self._process.pid
        workers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        tasks = [task for worker in workers for task in Path(f"/proc/{worker}/task").iterdir()]
        try:
            return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1000
        except OSError:
            # A kernel without scheduler statistics, or a thread that has just ended.
            return 1e6 * self.cpu_seconds()
