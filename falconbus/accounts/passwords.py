"""Passwords as argon2id hashes, with OWASP's parameters: 19 MiB of memory, two passes, one lane."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from falconbus.platform.kit import references

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hash_password(password: str) -> str:
    """Return the hash to store, with its salt and parameters, in argon2's encoded form."""
    return _hasher.hash(password)


def is_password(password: str, stored: str | None) -> bool:
    """Compare a password with a stored hash, in the same time whether the account exists or not.

    Without an account (None) the answer is False, after a comparison with a decoy.
    """
    decoy_hash = _decoy_hash()
    try:
        _hasher.verify(stored or decoy_hash, password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Tell whether a hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def new_password() -> str:
    """Return a random password of 118 bits, without characters that are mistaken for others."""
    return references.new_reference(24)


@cache
def _decoy_hash() -> str:
    return _hasher.hash(new_password())
