"""Names of people: paper and mails print them, and mail programs make links of all that looks like an address."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator

from falconbus.platform.kit.schema import Name

_ADDRESS = re.compile(r"@|\w+://|\bhttps?\s*:|\bmailto\s*:|\bwww\.|\w\.\w+[/:?#]|\d+\.\d+\.\d+\.\d+", re.IGNORECASE)
#: `evil.example`, `t.me`: see _is_domain, for `St.John` and `J.R.Smith` look alike.
_BARE_DOMAIN = re.compile(r"(\w[\w-]*)\.(\w{2,})(?!\w|\.\w)")
#: Endings that nobody is called, in capitals neither.
_COMMON_ENDINGS = frozenset({"com", "net", "org", "info", "biz", "xyz"})

#: Letters to Unicode that leave a blank on paper: the fillers of Hangul.
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0")
#: What hides within an address, and the marks of a letter, which are no letters to a pattern.
_UNSEEN = frozenset({"Cf", "Mn", "Mc"})


def check_person_name(value: str) -> str:
    """Return the name of a person as it is.

    Raises ValueError when it has no letter to be seen, when it is an address of a page or of mail, or holds one.
    """
    if not any(unicodedata.category(letter).startswith("L") and letter not in _BLANK_LETTERS for letter in value):
        raise ValueError("must have a letter that can be seen")
    composed = unicodedata.normalize("NFKC", value).replace("。", ".")
    seen = "".join(letter for letter in composed if unicodedata.category(letter) not in _UNSEEN)
    if _ADDRESS.search(seen) or any(_is_domain(*parts) for parts in _BARE_DOMAIN.findall(seen)):
        raise ValueError("must be the name of a person, not an address; after a full stop write a space")
    return value


def _is_domain(before: str, ending: str) -> bool:
    """Tell whether two words with a full stop between are an address: who is called so begins with a capital.

    Scripts without capitals write names so, as Hindi its initials: there only what mixes them with letters of another
    kind is one, and what is Chinese or Japanese, where no name has a full stop.
    """
    first = ending[0]
    if first.lower() != first.upper():
        return first.islower() or ending.lower() in _COMMON_ENDINGS
    return unicodedata.name(first, "").startswith("CJK") or any(letter.lower() != letter.upper() for letter in before)


PersonName = Annotated[Name, AfterValidator(check_person_name)]
