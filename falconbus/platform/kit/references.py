"""References that people read out, and secrets that only machines do."""

import base64
import hashlib
import hmac
import secrets

# No 0/O, 1/I/L: nothing that is mistaken for another when read over a telephone.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
REFERENCE_LENGTH = 8


def new_reference(length: int = REFERENCE_LENGTH) -> str:
    """A random reference: 31^8 = 8.5e11 of them, so a guess among a million bookings hits once in 850,000 tries."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def read_reference(text: str) -> str:
    """What somebody typed, as it is stored: capitals, without blanks, hyphens, and what no reference has."""
    return "".join(character for character in text[:64].upper() if character in ALPHABET)


def signature(secret_key: str, purpose: str, value: str) -> str:
    """192 bits of HMAC-SHA256 over `value`, in URL-safe base64 (32 characters); `purpose` keeps the uses apart."""
    digest = hmac.new(secret_key.encode(), f"{purpose}:{value}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def is_signature(given: str, secret_key: str, purpose: str, value: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(given.encode(), signature(secret_key, purpose, value).encode())
