"""Folds names of places, so that what is typed and what is stored meet: one folding for both sides.

Case, accents, widths and punctuation do not count, in any script. Letters that Unicode does not decompose (ø, ł, đ)
are folded by their Unicode names. Thai, Lao, Khmer, Burmese, Chinese and Japanese are written without spaces: each of
their characters is a word, and those that are typed together must stand together.
"""

import re
import unicodedata
from functools import cache
from itertools import chain

_BASE_LETTER = re.compile(r"LATIN (?:SMALL|CAPITAL) (?:LETTER|LIGATURE) (?:DOTLESS )?([A-Z]{1,2})(?: WITH .*)?")
_UNNAMED_LETTERS = {"ð": "d", "þ": "th", "ŋ": "ng"}
_UNSPACED_SCRIPTS = ("THAI", "LAO", "KHMER", "MYANMAR", "CJK", "HIRAGANA", "KATAKANA")
_APOSTROPHES = frozenset("'’‘ʼʻ`´")


def place_key(name: str) -> str:
    """Return the key by which a city is found: `Łódź` and `LODZ` have the same."""
    return " ".join("".join(run) for run in _runs(name)) or name.casefold()


def search_document(*texts: str) -> str:
    """Return a tsvector, as text, of the words of a stop."""
    words = chain.from_iterable(chain.from_iterable(map(_runs, texts)))
    return " ".join(f"'{word}':{position}" for position, word in enumerate(words, start=1))


def search_query(typed: str) -> str | None:
    """Return a tsquery, as text, for documents with a word that begins with each typed one; None without a word."""
    runs = (" <-> ".join(f"'{word}'" for word in run) + ":*" for run in _runs(typed))
    return " & ".join(f"({run})" for run in runs) or None


def _runs(text: str) -> list[list[str]]:
    """Return what stands between blanks and punctuation, each as a list of words that belong together."""
    folded = "".join(map(_fold_character, unicodedata.normalize("NFKD", text.casefold())))
    return [_split_run(run) for run in folded.split()]


def _split_run(run: str) -> list[str]:
    """Return a run as one word; in a script without spaces each character, with its marks, is a word."""
    words: list[str] = []
    for character in run:
        is_mark = unicodedata.category(character).startswith("M")
        if words and (is_mark or not (_is_unspaced(character) or _is_unspaced(words[-1][0]))):
            words[-1] += character
        else:
            words.append(character)
    return words


@cache
def _fold_character(character: str) -> str:
    """Return what stands for a decomposed character: nothing for an accent, a blank for punctuation."""
    if unicodedata.combining(character) or character in _APOSTROPHES:
        return ""
    if unicodedata.category(character)[0] not in "LMN":
        return " "
    letter = _BASE_LETTER.fullmatch(unicodedata.name(character, ""))
    return _UNNAMED_LETTERS.get(character) or (letter[1].lower() if letter else character)


@cache
def _is_unspaced(character: str) -> bool:
    return unicodedata.name(character, "").startswith(_UNSPACED_SCRIPTS)
