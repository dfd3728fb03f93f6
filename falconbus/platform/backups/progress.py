"""How far a long piece of work has come, told in tenths."""

from collections.abc import Callable

Say = Callable[[str], None]


def size_in_words(size: float) -> str:
    """Return a number of bytes as people read it."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


class Progress:
    """Tells each tenth of an expected number of bytes; of what is small nothing."""

    def __init__(self, say: Say, what: str, expected: int) -> None:
        self._say, self._what, self._expected = say, what, max(expected, 1)
        self._done, self._told = 0, 0

    def add(self, size: int) -> None:
        """Count some bytes more."""
        self._done += size
        tenths = min(9, self._done * 10 // self._expected)
        if tenths > self._told and self._expected > 100_000_000:
            self._told = tenths
            self._say(f"{self._what}: {tenths * 10} % of {size_in_words(self._expected)}")
