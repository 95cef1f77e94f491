#!/usr/bin/env python3
"""Joins the tables of several rounds of the same benchmarks: of each line the round with the median figure, and the spread.

Usage: spread.py ROUND..., each a file of Markdown rows `| what | figure | peer | ratio | aim |`. Prints the rows with
a column for the spread of the first number of the figure: smallest to largest, and their ratio where it is 1.1 or
more. A line that is missing in a round is joined from the others, and says so.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
# From this ratio on a spread is to be explained.
STRIKING = 1.5


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def lines(path: Path) -> dict[tuple[str, int], list[str]]:
    """The rows of a round. Counts within a name differ between rounds, so that a name is its words and its turn."""
    out: dict[tuple[str, int], list[str]] = {}
    for row in path.read_text().splitlines():
        if not row.startswith("|"):
            continue
        words = NUMBER.sub("#", cells(row)[0])
        turn = sum(1 for known, _ in out if known == words)
        out[words, turn] = cells(row)
    return out


def figure(row: list[str]) -> float | None:
    """The first number of a figure."""
    found = NUMBER.search(row[1])
    return float(found.group().replace(",", "")) if found else None


def joined(rows: list[list[str]], rounds: int) -> list[str]:
    """The row with the median figure and the spread behind it."""
    measured = sorted((value, n) for n, row in enumerate(rows) if (value := figure(row)) is not None)
    if len(measured) < 2:
        return [*rows[0][:2], "", *rows[0][2:]]
    median = rows[measured[(len(measured) - 1) // 2][1]]
    least, most = measured[0][0], measured[-1][0]
    spread = f"{least:g} to {most:g}"
    if least > 0 and most / least >= 1.1:
        ratio = f"{most / least:.2f} ×"
        spread += f" (**{ratio}**)" if most / least >= STRIKING else f" ({ratio})"
    if len(rows) < rounds:
        spread += f"; {len(rows)} of {rounds} rounds"
    return [*median[:2], spread, *median[2:]]


def main() -> None:
    rounds = [lines(Path(path)) for path in sys.argv[1:]]
    keys = list(dict.fromkeys(key for of_round in rounds for key in of_round))
    for key in keys:
        rows = [of_round[key] for of_round in rounds if key in of_round]
        print("| " + " | ".join(joined(rows, len(rounds))) + " |")


if __name__ == "__main__":
    main()
