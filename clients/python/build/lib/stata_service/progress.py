"""What a long call is doing, shown in a terminal or a notebook without further packages.

    Service(url)                       # shows a bar where someone can see it: a terminal or a notebook
    Service(url, progress=False)       # shows nothing
    Service(url, progress=print)       # calls a function with each `Progress`
"""

from __future__ import annotations

import html
import importlib
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TextIO

from .models import JobView

Phase = Literal["upload", "read", "draft", "queue", "run", "download"]


@dataclass(frozen=True)
class Progress:
    """How far a phase is: `done` of `total` (None if nobody knows), in bytes or steps, and words for people."""

    phase: Phase
    done: int = 0
    total: int | None = None
    text: str = ""
    ended: bool = False

    @property
    def share(self) -> float | None:
        """Between 0 and 1."""
        return None if not self.total else min(1.0, self.done / self.total)

    def line(self, width: int = 24) -> str:
        """One line of text with a bar of `width` characters."""
        share = 1.0 if self.ended and self.total is None else self.share
        full = 0 if share is None else round(share * width)
        bar = f"[{'=' * full}{' ' * (width - full)}]" if share is not None else f"[{'.' * width}]"
        percent = "" if share is None else f" {share:4.0%}"
        return f"{self.phase:<8} {bar}{percent} {self.text}".rstrip()


Show = Callable[[Progress], None]


def nothing(_: Progress) -> None:
    """Shows nothing."""


def shower(choice: bool | Show | None) -> Show:
    """The function that shows progress: the caller's own, none, or the one that fits this place."""
    if callable(choice):
        return choice
    if choice is False:
        return nothing
    if _in_notebook():
        return NotebookBar()
    if choice is True or sys.stderr.isatty():
        return TerminalBar(sys.stderr)
    return nothing


def of_job(job: JobView) -> Progress:
    """The progress of a queued or running job."""
    if job["status"] == "queued":
        queue = job.get("queue")
        ahead = 0 if queue is None else queue["position"]
        return Progress("queue", text=f"{ahead} before this one" if ahead else "next")
    run = job.get("latest_run")
    steps = None if run is None else run.get("progress")
    if steps is not None:
        return Progress("run", steps["index"], steps["total"], steps["step"])
    phase = None if run is None else run.get("phase")
    return Progress("run", text=phase or job["status"], ended=job["status"] in {"succeeded", "failed", "cancelled"})


class TerminalBar:
    """One line for each phase, written over itself, at most ten times a second."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._phase: str | None = None
        self._at = 0.0

    def __call__(self, progress: Progress) -> None:
        other = progress.phase != self._phase
        now = time.monotonic()
        if not (other or progress.ended) and now - self._at < 0.1:
            return
        if other and self._phase is not None:
            self._out.write("\n")
        self._phase, self._at = progress.phase, now
        width = shutil.get_terminal_size().columns - 1
        self._out.write(f"\r{progress.line()[:width]:<{width}}")
        if progress.ended:
            self._out.write("\n")
            self._phase = None
        self._out.flush()


class NotebookBar:
    """One bar for each phase in the output of the cell."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._phase: str | None = None
        self._at = 0.0

    def __call__(self, progress: Progress) -> None:
        ipython: Any = importlib.import_module("IPython.display")
        now = time.monotonic()
        if progress.phase == self._phase and not progress.ended and now - self._at < 0.2:
            return
        shown = ipython.HTML(self._bar(progress))
        if progress.phase != self._phase or self._handle is None:
            self._handle = ipython.display(shown, display_id=True)
        else:
            self._handle.update(shown)
        self._at = now
        self._phase = None if progress.ended else progress.phase

    @staticmethod
    def _bar(progress: Progress) -> str:
        share = 1.0 if progress.ended else progress.share
        value = "" if share is None else f' value="{share:.3f}"'
        return (
            f'<div>{progress.phase} <progress max="1"{value} aria-label="{progress.phase}"></progress> '
            f"{html.escape(progress.text)}</div>"
        )


def _in_notebook() -> bool:
    """True in a kernel that shows HTML, without importing IPython where it is not in use."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    # kernels of other products derive their shell from this one
    return any(kind.__name__ == "ZMQInteractiveShell" for kind in type(shell).__mro__)


def size(count: int) -> str:
    """A number of bytes for people."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
