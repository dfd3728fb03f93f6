"""Beat's schedule under a clock that is set back."""

from datetime import timedelta

from celery.beat import PersistentScheduler

_JITTER = timedelta(seconds=1)


class SteadyScheduler(PersistentScheduler):
    """A schedule that does not wait until a clock that was set back has caught up with the last run."""

    def tick(self, *args: object, **kwargs: object) -> float:
        self._forget_future_runs()
        seconds: float = super().tick(*args, **kwargs)
        return seconds

    def _forget_future_runs(self) -> None:
        """Take what ran at a time that is yet to come as run now."""
        for entry in self.schedule.values():
            now = entry.default_now()
            if entry.last_run_at > now + _JITTER:
                entry.last_run_at = now
                self._heap = None
