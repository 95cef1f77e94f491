"""Files on their way to the service: pieces of a form, hashes, and the parts that have arrived."""

from __future__ import annotations

import hashlib
import json
import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

PIECE = 1 << 18
# size from which a file is sent in parts that can be resumed: the service's own bound, in bytes
PARTS_FROM = 64 << 20
# unfinished uploads end at the service after hours; their notes are of no use after this, in seconds
_KEPT = 7 * 24 * 3600.0

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


class Journal:
    """Notes which parts of an upload session have arrived, so that another process can continue it.

    One small file for each session in the user's cache folder: part numbers and hashes, nothing of the data.
    """

    def __init__(self, upload_session_id: str) -> None:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        self._path = root / "stata-service" / "uploads" / f"{hashlib.sha256(upload_session_id.encode()).hexdigest()}.json"
        try:
            self._parts: dict[str, str] = dict(json.loads(self._path.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            self._parts = {}

    def has(self, number: int, sha256: str) -> bool:
        """True if these bytes have arrived as this part."""
        return self._parts.get(str(number)) == sha256

    def note(self, number: int, sha256: str) -> None:
        """The part has arrived. A folder that cannot be written only costs the resuming."""
        self._parts[str(number)] = sha256
        part = self._path.with_suffix(".part")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part.write_text(json.dumps(self._parts), "utf-8")
            part.replace(self._path)
        except OSError:
            return

    def forget(self) -> None:
        """The session is over, or its parts are sent again; old notes of other sessions go too."""
        self._parts = {}
        try:
            self._path.unlink(missing_ok=True)
            for other in self._path.parent.glob("*.json"):
                if other.stat().st_mtime < time.time() - _KEPT:
                    other.unlink(missing_ok=True)
        except OSError:
            return
