"""What the generators of the clients share: the advice of docs/errors.md, and how generated files are written or compared."""

from __future__ import annotations

import re
import sys
from pathlib import Path


def advice_of(text: str) -> dict[str, str]:
    """The error codes of docs/errors.md, each with the next step; empty where it has none."""
    advice = {}
    for section in re.split(r"(?m)^## ", text)[1:]:
        code, _, body = section.partition("\n")
        if re.fullmatch(r"[A-Z][A-Z0-9_]+", code):
            step = re.search(r"What to do: (.*?)(?:\n\n|\Z)", body, re.S)
            advice[code] = " ".join(step.group(1).split()) if step else ""
    return advice


def write_or_compare(files: dict[Path, str], root: Path) -> int:
    """Writes the files that differ; with --check names them instead, and returns 1 if there are any."""
    differing = 0
    for path, text in files.items():
        if path.exists() and path.read_text("utf-8") == text:
            continue
        if "--check" in sys.argv:
            print(f"{path.relative_to(root)} differs from its source: run generate.py", file=sys.stderr)
            differing += 1
        else:
            path.write_text(text, "utf-8")
    return 1 if differing else 0
