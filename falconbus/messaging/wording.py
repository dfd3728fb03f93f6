"""Words that every kind of mail prints the same way."""

import unicodedata

_TURNING = {"R", "AL"}
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"


def one_line(words: str) -> str:
    """Put words on one line: names from feeds may hold line breaks, a subject line or a ticket may not.

    A name that is read from right to left is isolated (Unicode 9, 2.4), so that it does not turn the words around it.
    """
    line = " ".join(words.split())
    if any(unicodedata.bidirectional(letter) in _TURNING for letter in line):
        return f"{_FIRST_STRONG_ISOLATE}{line}{_POP_ISOLATE}"
    return line
