"""Files that only a holder of the key can read, and that nobody can change or cut unnoticed.

AES-256-GCM over pieces of a mebibyte. A piece's nonce is eight bytes of the file's own, the
piece's number, and whether it is the last; so pieces cannot be swapped, left out or appended, nor
the end be cut off, without the file failing to open (the STREAM construction of Hoang,
Reyhanitabar, Rogaway and Vizár, 2015). Nothing is ever held in memory as a whole.
"""

import base64
import hashlib
import os
from collections.abc import Iterator, Sequence
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"FLSEAL1\n"
PIECE = 1 << 20
_TAG = 16
_OWN = 8
_NAME = 8


class CannotOpen(Exception):
    """The file is no sealed file of ours, was changed or cut, or none of the keys is its own."""


def read_keys(text: str) -> list[bytes]:
    """Return the keys of a comma-separated list: each 32 bytes as URL-safe base64, the first seals.

    Raises:
        ValueError: naming the place of the first that is none; never showing it.
    """
    keys = []
    for number, word in enumerate(filter(None, map(str.strip, text.split(","))), start=1):
        try:
            key = base64.urlsafe_b64decode(word)
        except ValueError:
            key = b""
        if len(key) != 32:
            raise ValueError(f"key {number} is not 32 bytes as URL-safe base64")
        keys.append(key)
    return keys


class Sealed:
    """Writes a sealed file piece by piece; `close` writes the last, without which none opens."""

    def __init__(self, to: IO[bytes], key: bytes) -> None:
        self._to, self._key = to, AESGCM(key)
        self._own = os.urandom(_OWN)
        self._number = 0
        self._kept = bytearray()
        self.digest = hashlib.sha256()
        self._put(MAGIC + _name_of(key) + self._own)

    def write(self, data: bytes) -> int:
        """Take some bytes, as a file does."""
        self._kept += data
        # One piece is held back: which is the last is known only at the end.
        while len(self._kept) > PIECE:
            self._seal(bytes(self._kept[:PIECE]), is_last=False)
            del self._kept[:PIECE]
        return len(data)

    def close(self) -> None:
        """Seal what is left as the last piece."""
        self._seal(bytes(self._kept), is_last=True)
        self._kept.clear()

    def _seal(self, piece: bytes, *, is_last: bool) -> None:
        self._put(self._key.encrypt(_nonce(self._own, self._number, is_last=is_last), piece, MAGIC))
        self._number += 1

    def _put(self, data: bytes) -> None:
        self.digest.update(data)
        self._to.write(data)


def opened(file: IO[bytes], keys: Sequence[bytes]) -> Iterator[bytes]:
    """Yield what a sealed file holds, each piece once it is known to be whole and unchanged.

    Raises:
        CannotOpen: naming what is wrong; what was yielded before is true, and not all there is.
    """
    head = file.read(len(MAGIC) + _NAME + _OWN)
    if not head.startswith(MAGIC) or len(head) != len(MAGIC) + _NAME + _OWN:
        raise CannotOpen("this is no sealed file of ours")
    name, own = head[len(MAGIC) : -_OWN], head[-_OWN:]
    key = next((each for each in keys if _name_of(each) == name), None)
    if key is None:
        raise CannotOpen("none of the keys is this file's; an older one belongs into the list")
    cipher, number = AESGCM(key), 0
    piece = file.read(PIECE + _TAG)
    while True:
        following = file.read(PIECE + _TAG)
        try:
            yield cipher.decrypt(_nonce(own, number, is_last=not following), piece, MAGIC)
        except InvalidTag:
            raise CannotOpen(f"piece {number} was changed, or the file was cut there") from None
        if not following:
            return
        piece, number = following, number + 1


def _name_of(key: bytes) -> bytes:
    return hashlib.sha256(b"fairline backup key:" + key).digest()[:_NAME]


def _nonce(own: bytes, number: int, *, is_last: bool) -> bytes:
    return own + (number << 1 | is_last).to_bytes(4, "big")


class Reading:
    """Pieces as a file that is read once, from front to back."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._kept = pieces, b""

    def read(self, size: int) -> bytes:
        while len(self._kept) < size and (piece := next(self._pieces, b"")):
            self._kept += piece
        given, self._kept = self._kept[:size], self._kept[size:]
        return given
