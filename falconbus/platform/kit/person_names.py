"""Names of people: paper and mails print them, and mail programs make links of all that looks like an address."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator

from falconbus.platform.kit.schema import Name

_ADDRESS = re.compile(
    r"@|\w+://|\bhttps?\s*:|\bmailto\s*:|\bwww\.|\w\.\w+[/:?#]|\w\.(?:com|net|org)\b|\d+\.\d+\.\d+\.\d+", re.IGNORECASE
)
#: `evil.example`, `t.me` and `evil.中国`, and not `St.John`, `J.R.Smith` nor `डॉ.शर्मा`.
_BARE_DOMAIN = re.compile(r"\w[\w-]*\.(\w{2,})(?!\w|\.\w)")
#: Thai, Hangul, kana and Chinese: no capitals, and no full stop before a name.
_EASTERN = re.compile(r"[\u0e00-\u0e7f\u1100-\u11ff\u2e80-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]")


#: Letters to Unicode that leave a blank on paper: the fillers of Hangul.
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0")


def check_person_name(value: str) -> str:
    """Return the name of a person as it is.

    Raises ValueError when it has no letter to be seen, when it is an address of a page or of mail, or holds one.
    """
    if not any(unicodedata.category(letter).startswith("L") and letter not in _BLANK_LETTERS for letter in value):
        raise ValueError("must have a letter that can be seen")
    visible = "".join(letter for letter in value if unicodedata.category(letter) != "Cf")
    seen = unicodedata.normalize("NFKC", visible).replace("。", ".")
    if _ADDRESS.search(seen) or any(_is_top_level(domain[1]) for domain in _BARE_DOMAIN.finditer(seen)):
        raise ValueError("must be the name of a person, not an address; after a full stop write a space")
    return value


def _is_top_level(word: str) -> bool:
    """Tell whether a word after a full stop reads as the end of a domain: names go on with a capital, or a space."""
    return word.islower() or _EASTERN.match(word) is not None


PersonName = Annotated[Name, AfterValidator(check_person_name)]
