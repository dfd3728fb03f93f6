"""References that people read out, and signatures of secret addresses."""

import base64
import hashlib
import hmac
import secrets

# No 0/O, 1/I/L: nothing that is mistaken for another when read over a telephone.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
REFERENCE_LENGTH = 8


def new_reference(length: int = REFERENCE_LENGTH) -> str:
    """Return a random reference; with 31^8 = 8.5e11 of them, a guess among a million hits once in 850,000 tries."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def read_reference(text: str) -> str:
    """Normalise a typed reference: capitals, without blanks, hyphens and other characters that none has."""
    return "".join(character for character in text[:64].upper() if character in ALPHABET)


def signature(secret_key: str, purpose: str, value: str) -> str:
    """Return 192 bits of HMAC-SHA256 over `value` in URL-safe base64 (32 characters); `purpose` separates the uses."""
    digest = hmac.new(secret_key.encode(), f"{purpose}:{value}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def is_signature(given: str, secret_key: str, purpose: str, value: str) -> bool:
    """Return whether the signature is right; compares in constant time."""
    return hmac.compare_digest(given.encode(), signature(secret_key, purpose, value).encode())
