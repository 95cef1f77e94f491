# Derived from _async/uploads.py by generate.py; edit that file.
"""Uploads: one form for small files, resumable parts for large ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast
from urllib.parse import quote

from .._files import Form, SentFile
from ..errors import UnexpectedAnswer, UploadRefused
from ..models import BundleFileView, DatasetRole, FinalizeAnswer, SessionState, SessionView
from ..progress import Progress, Show, size
from .transport import Transport


class _Counter:
    """Counts the bytes on their way and shows them."""

    def __init__(self, show: Show, total: int) -> None:
        self._show, self._total, self._done = show, total, 0

    def add(self, count: int) -> None:
        """So many bytes more."""
        self._done += count
        done = min(self._done, self._total)
        self._show(Progress("upload", done, self._total, f"{size(done)} of {size(self._total)}"))

    def counted(self, pieces: Callable[[], Iterator[bytes]]) -> Callable[[], Iterator[bytes]]:
        """The same pieces, counted; a repeated request counts from where it began."""
        began = self._done

        def flow() -> Iterator[bytes]:
            self._done = began
            for piece in pieces():
                yield piece
                self.add(len(piece))

        return flow

    def end(self) -> None:
        """Everything has arrived."""
        self._show(Progress("upload", self._total, self._total, size(self._total), ended=True))


def in_one_form(
    transport: Transport, job_path: str, files: Sequence[SentFile], roles: Sequence[DatasetRole]
) -> None:
    """All files in one request; a broken connection sends them again."""
    form = Form(files, roles)
    counter = _Counter(transport.show, form.size)
    transport.send(
        "POST", f"{job_path}/inputs/upload", pieces=counter.counted(form.pieces),
        headers={"Content-Type": form.content_type, "Content-Length": str(form.size)},
    )
    counter.end()


def in_parts(
    transport: Transport, job_path: str, files: Sequence[SentFile], roles: Sequence[DatasetRole]
) -> None:
    """Each file in parts. Parts that arrived before, also in another process, are not sent again."""
    announced = [
        {"filename": file.name, "size_bytes": file.size, "role": role} for file, role in zip(files, roles, strict=True)
    ]
    bundle = transport.json("POST", f"{job_path}/inputs/bundle", body={"files": announced})
    counter = _Counter(transport.show, sum(file.size for file in files))
    for file, entry in zip(files, cast(list[BundleFileView], bundle["files"]), strict=True):
        if entry["status"] == "received":
            if entry.get("sha256") != file.sha256():
                raise UnexpectedAnswer(f"an unfinished upload holds another file {file.name} of this size; rename one")
            counter.add(file.size)
        body = {"bundle_id": bundle["bundle_id"], "file_id": entry["file_id"]}
        session = cast(SessionView, transport.json("POST", f"{job_path}/inputs/upload-sessions", body=body))
        _one_file(transport, file, session, counter, received=entry["status"] == "received")
    counter.end()


def _one_file(
    transport: Transport, file: SentFile, session: SessionView, counter: _Counter, *, received: bool
) -> None:
    path = f"/v1/upload-sessions/{quote(session['upload_session_id'], safe='')}"
    for last in (False, True):
        parts: list[dict[str, Any]] = []
        if not received:
            arrived = {} if last else _arrived(transport, path)
            parts = _send_parts(transport, path, file, session.get("part_size") or file.size, arrived, counter)
        done = cast(FinalizeAnswer, transport.json("POST", f"{path}/finalize", body={"parts": parts}))
        if done["success"]:
            return
        if last or not done.get("retryable"):
            raise UploadRefused(done.get("error_code") or "UPLOAD_INCOMPLETE", done.get("message") or file.name)
        # the parts changed meanwhile: they are all sent once more
        counter.add(-file.size)


def _arrived(transport: Transport, path: str) -> dict[int, str | None]:
    """The parts that the service has, with their hashes."""
    state = cast(SessionState, transport.json("GET", path))
    return {part["part_number"]: part["sha256"] for part in state["parts"]}


def _send_parts(
    transport: Transport, path: str, file: SentFile, part_size: int, arrived: dict[int, str | None],
    counter: _Counter,
) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    for number, start in enumerate(range(0, file.size, part_size), 1):
        length = min(part_size, file.size - start)
        sha256 = file.sha256(start, length)
        parts.append({"part_number": number, "sha256": sha256})
        if arrived.get(number) == sha256:
            counter.add(length)
            continue

        def pieces(start: int = start, length: int = length) -> Iterator[bytes]:
            return file.pieces(start, length)

        transport.send(
            "PUT", f"{path}/parts/{number}", pieces=counter.counted(pieces),
            headers={"Content-Type": "application/octet-stream", "Content-Length": str(length)},
        )
    return parts
