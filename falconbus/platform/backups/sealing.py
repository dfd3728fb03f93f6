"""Stored files: compressed by zstd, encrypted when there is a key, read and written in pieces of bounded size.

Encrypted is libsodium's secret stream (XChaCha20-Poly1305): each piece is authenticated with its place, and the last
one bears a mark, so that a piece changed, moved, left out or cut off is noticed. The file's label goes into each piece:
no file passes for another. Without a key zstd's own checksum and the manifest's SHA-256 tell damage, not malice.
"""

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Annotated, Any

import msgspec

from falconbus.platform.backups.errors import Damaged, Unsealed
from falconbus.platform.kit.lazy import Lazy

zstd = Lazy("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
sodium = Lazy("nacl.bindings")

PIECE = 1 << 20
_LEVEL = 3
_MAGIC = b"falconbus backup 1\n"


class StoredFile(msgspec.Struct, frozen=True):
    """A file of a backup as it stands on the disk, in the backup's folder or its log's."""

    name: Annotated[str, msgspec.Meta(pattern=r"\A(wal/)?[0-9A-Za-z][0-9A-Za-z.]*\Z")]
    size: int
    sha256: str


def stream_key(secret: str) -> bytes:
    """Return the key of the streams, made of BACKUP_KEY."""
    return hashlib.blake2b(secret.encode(), digest_size=32, person=b"falconbus stream").digest()


def key_name(secret: str | None) -> str:
    """Return a name by which a key is recognised, and which tells nothing of it; empty for none."""
    return hashlib.blake2b(secret.encode(), digest_size=6, person=b"falconbus name").hexdigest() if secret else ""


class Writer:
    """Writes one stored file; `label` says what it is, for who reads it."""

    def __init__(self, path: Path, secret: str | None, label: str) -> None:
        self._path = path
        self._file = path.open("xb", buffering=0)
        self._label = label.encode()
        self._digest, self._size = hashlib.sha256(), 0
        self._compressor = zstd.ZstdCompressor(
            options={zstd.CompressionParameter.compression_level: _LEVEL, zstd.CompressionParameter.checksum_flag: 1}
        )
        self._waiting = bytearray()
        self._state: Any = None
        if secret:
            self._state = sodium.crypto_secretstream_xchacha20poly1305_state()
            header = sodium.crypto_secretstream_xchacha20poly1305_init_push(self._state, stream_key(secret))
            self._put(_MAGIC + header)

    def write(self, data: bytes) -> None:
        """Add some of the content."""
        self._waiting += self._compressor.compress(data)
        while len(self._waiting) > PIECE:
            self._put_piece(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]

    def finish(self) -> StoredFile:
        """Write the rest, and have it on the disk."""
        self._waiting += self._compressor.flush()
        while len(self._waiting) > PIECE:
            self._put_piece(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]
        self._put_piece(bytes(self._waiting), last=True)
        os.fsync(self._file.fileno())
        self._file.close()
        return StoredFile(self._path.name, self._size, self._digest.hexdigest())

    def close(self) -> None:
        """Let go of a file that is not finished."""
        self._file.close()

    def _put_piece(self, piece: bytes, *, last: bool) -> None:
        if self._state is None:
            return self._put(piece)
        tag = sodium.crypto_secretstream_xchacha20poly1305_TAG_FINAL if last else 0
        return self._put(sodium.crypto_secretstream_xchacha20poly1305_push(self._state, piece, self._label, tag))

    def _put(self, data: bytes) -> None:
        self._digest.update(data)
        self._size += len(data)
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            error.filename = str(self._path)
            raise


def read(path: Path, secret: str | None, label: str, *, takes_unsealed: bool = False) -> Iterator[bytes]:
    """Yield the content of a stored file, piece by piece; Damaged names it when it is not whole.

    With a key only what was sealed with it is read, else Unsealed, unless `takes_unsealed`.
    """
    decompressor = zstd.ZstdDecompressor()
    try:
        with path.open("rb") as file:
            for piece in _pieces(file, path, secret, label.encode(), takes_unsealed=takes_unsealed):
                data = piece
                while not decompressor.eof and (data or not decompressor.needs_input):
                    opened = decompressor.decompress(data, PIECE)
                    data = b""
                    if opened:
                        yield opened
    except zstd.ZstdError:
        raise Damaged(f"{path} is damaged") from None
    except FileNotFoundError:
        raise Damaged(f"{path} is missing") from None
    if not decompressor.eof:
        raise Damaged(f"{path} is cut short")


def _pieces(file: IO[bytes], path: Path, secret: str | None, label: bytes, *, takes_unsealed: bool) -> Iterator[bytes]:
    """Yield the compressed pieces."""
    begin = file.read(len(_MAGIC))
    if begin != _MAGIC:
        if secret and not takes_unsealed:
            raise Unsealed(path)
        yield begin
        while piece := file.read(PIECE):
            yield piece
        return
    if not secret:
        raise Damaged(f"{path} is encrypted: set BACKUP_KEY")
    header = file.read(sodium.crypto_secretstream_xchacha20poly1305_HEADERBYTES)
    state = sodium.crypto_secretstream_xchacha20poly1305_state()
    tag = None
    try:
        sodium.crypto_secretstream_xchacha20poly1305_init_pull(state, header, stream_key(secret))
        while piece := file.read(PIECE + sodium.crypto_secretstream_xchacha20poly1305_ABYTES):
            opened, tag = sodium.crypto_secretstream_xchacha20poly1305_pull(state, piece, label)
            yield opened
    # What PyNaCl raises: its own errors for a piece that does not fit, Python's for one too short to be any.
    except (RuntimeError, ValueError, TypeError):
        raise Damaged(f"{path} is damaged, or encrypted by another BACKUP_KEY") from None
    if tag != sodium.crypto_secretstream_xchacha20poly1305_TAG_FINAL:
        raise Damaged(f"{path} is cut short")


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file as it stands on the disk."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
