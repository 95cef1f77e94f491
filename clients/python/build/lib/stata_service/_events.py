"""Server-sent events, line by line (HTML standard, section 9.2.6)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, cast


@dataclass(frozen=True)
class ServerEvent:
    """One event: its name, its text and the id to continue from."""

    name: str
    text: str
    id: str | None

    @property
    def data(self) -> dict[str, Any]:
        """The text as a JSON object; raises ValueError if it is not one (lines of a log)."""
        parsed = json.loads(self.text)
        if not isinstance(parsed, dict):
            raise ValueError(f"{self.name} holds no object")
        return cast(dict[str, Any], parsed)


class EventReader:
    """Puts the lines of a stream together. A stream that breaks off in an event loses that event, not its id."""

    def __init__(self, last_event_id: str | None = None) -> None:
        self.last_event_id = last_event_id
        self.retry_seconds: float | None = None
        self._id = last_event_id
        self._name = ""
        self._lines: list[str] = []

    def take(self, line: str) -> ServerEvent | None:
        """The event that this line ends, if it ends one."""
        if line == "":
            return self._ended()
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._lines.append(value)
        elif field == "event":
            self._name = value
        elif field == "id" and "\0" not in value:
            self._id = value
        elif field == "retry" and value.isascii() and value.isdigit():
            self.retry_seconds = int(value) / 1000
        # a line that begins with a colon is a heartbeat; other fields mean nothing
        return None

    def _ended(self) -> ServerEvent | None:
        self.last_event_id = self._id
        name, lines = self._name or "message", self._lines
        self._name, self._lines = "", []
        return ServerEvent(name, "\n".join(lines), self._id) if lines else None
