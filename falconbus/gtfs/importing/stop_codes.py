"""Generates short codes for stops whose feed gives none."""

import re
import unicodedata

MAX_CODE_LENGTH = 16
_USABLE = re.compile(r"[A-Z0-9][A-Z0-9._-]*")


class StopCodes:
    """Allocates stop codes that are not taken."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken
        # The last number tried after each three letters: thousands of stops may begin with the same.
        self._numbers: dict[str, int] = {}

    def take(self, code: str | None) -> str | None:
        """Allocate a feed's stop_code (in capitals) if it is free and valid; None otherwise."""
        if code is None or code in self._taken or len(code) > MAX_CODE_LENGTH or not _USABLE.fullmatch(code):
            return None
        self._taken.add(code)
        return code

    def make(self, name: str) -> str:
        """Allocate the shortest free code made from a stop's name: BOS, BOST, BOSTO, BOSTON, BOS2, BOS3 ..."""
        plain = unicodedata.normalize("NFKD", name).upper()
        letters = (re.sub(r"[^A-Z0-9]", "", plain) or "STOP").ljust(3, "X")
        for length in range(3, min(len(letters), 6) + 1):
            if letters[:length] not in self._taken:
                self._taken.add(letters[:length])
                return letters[:length]
        return self._make_numbered(letters[:3])

    def _make_numbered(self, letters: str) -> str:
        while True:
            number = self._numbers[letters] = self._numbers.get(letters, 1) + 1
            code = f"{letters}{number}"
            if code not in self._taken:
                self._taken.add(code)
                return code
