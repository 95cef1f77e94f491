"""Files on their way to the service: pieces of a form, and hashes."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

PIECE = 1 << 18
# size from which a file is sent in parts that can be resumed: the service's own bound, in bytes
PARTS_FROM = 64 << 20

Pieces = Callable[[], Iterator[bytes]]


@dataclass(frozen=True)
class SentFile:
    """A file to upload: its name, and where its bytes are."""

    name: str
    source: Path | bytes

    @classmethod
    def of(cls, given: str | Path | tuple[str, bytes]) -> SentFile:
        """A path, or a name with bytes."""
        return cls(*given) if isinstance(given, tuple) else cls(Path(given).name, Path(given))

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.source) if isinstance(self.source, bytes) else self.source.stat().st_size

    def pieces(self, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes from an offset, in pieces of at most PIECE bytes."""
        left = self.size - start if length is None else length
        if isinstance(self.source, bytes):
            for at in range(start, start + left, PIECE):
                yield self.source[at : min(at + PIECE, start + left)]
            return
        with self.source.open("rb") as file:
            file.seek(start)
            while left > 0 and (piece := _read(file, left)):
                left -= len(piece)
                yield piece

    def sha256(self, start: int = 0, length: int | None = None) -> str:
        """Hash of the bytes, as lower-case hexadecimal digits."""
        digest = hashlib.sha256()
        for piece in self.pieces(start, length):
            digest.update(piece)
        return digest.hexdigest()


def _read(file: BinaryIO, left: int) -> bytes:
    return file.read(min(PIECE, left))


class Form:
    """A multipart form (RFC 7578) with files; the same bytes each time that it is sent."""

    def __init__(self, files: Sequence[SentFile], roles: Sequence[str]) -> None:
        self._files = files
        self._boundary = uuid.uuid4().hex
        self._fields = [("role", role) for role in roles] + [("filename", file.name) for file in files]

    @property
    def content_type(self) -> str:
        """The header of the form."""
        return f"multipart/form-data; boundary={self._boundary}"

    @property
    def size(self) -> int:
        """Bytes of the whole form."""
        return sum(len(self._head(file)) + file.size + 2 for file in self._files) + len(self._rest())

    def pieces(self) -> Iterator[bytes]:
        """The bytes of the form."""
        for file in self._files:
            yield self._head(file)
            yield from file.pieces()
            yield b"\r\n"
        yield self._rest()

    def _head(self, file: SentFile) -> bytes:
        name = file.name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        return (
            f'--{self._boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()

    def _rest(self) -> bytes:
        fields = "".join(
            f'--{self._boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in self._fields
        )
        return f"{fields}--{self._boundary}--\r\n".encode()
