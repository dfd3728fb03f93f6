"""Passwords as argon2id hashes, with OWASP's parameters: 19 MiB of memory, two passes, one lane."""

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from falconbus.platform.kit import references

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
#: A hash with the same parameters that no password has: what is compared where there is nothing to compare with.
DECOY = f"$argon2id$v=19$m={19 * 1024},t=2,p=1$ZGVjb3kgZGVjb3kgZGVjbw$" + 43 * "A"


def hash_password(password: str) -> str:
    """Return the hash to store, with its salt and parameters, in argon2's encoded form."""
    return _hasher.hash(password)


def is_password(password: str, stored: str | None) -> bool:
    """Compare a password with a stored hash; one comparison is made whether the account exists or not.

    Without an account (None), or with a hash that is none, the answer is False.
    """
    is_usable = stored is not None and _is_hash(stored)
    try:
        _hasher.verify(stored if stored is not None and is_usable else DECOY, password)
    except VerificationError:
        return False
    return is_usable


def is_outdated(stored: str) -> bool:
    """Tell whether a hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def new_password() -> str:
    """Return a random password of 118 bits, without characters that are mistaken for others."""
    return references.new_reference(24)


def _is_hash(stored: str) -> bool:
    try:
        extract_parameters(stored)
    except InvalidHashError:
        return False
    return True
