"""Names of people: paper and mails print them, and mail programs make links of all that looks like an address."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator

from falconbus.platform.kit.schema import Name

_ADDRESS = re.compile(r"@|\w+://|\bhttps?\s*:|\bmailto\s*:|\bwww\.|\w\.\w+[/:?#]|\d+\.\d+\.\d+\.\d+", re.IGNORECASE)
#: `evil.example`, and not `St.John` nor `J.R.Smith`.
_BARE_DOMAIN = re.compile(r"\w[\w-]+\.(\w{2,})(?!\w|\.\w)")


#: Letters to Unicode that leave a blank on paper: the fillers of Hangul.
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0")


def check_person_name(value: str) -> str:
    """Return the name of a person as it is.

    Raises ValueError when it has no letter to be seen, when it is an address of a page or of mail, or holds one.
    """
    if not any(unicodedata.category(letter).startswith("L") and letter not in _BLANK_LETTERS for letter in value):
        raise ValueError("must have a letter that can be seen")
    seen = unicodedata.normalize("NFKC", value).replace("。", ".")
    if _ADDRESS.search(seen) or any(domain[1].islower() for domain in _BARE_DOMAIN.finditer(seen)):
        raise ValueError("must be the name of a person, not an address; after a full stop write a space")
    return value


PersonName = Annotated[Name, AfterValidator(check_person_name)]
