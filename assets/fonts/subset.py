"""Makes the two files that this folder and the engine need from Noto Sans CJK SC (SIL OFL 1.1).

Usage: subset.py NotoSansCJK-Regular.ttc METRICS.rs
Writes chart-sans.otf beside this script (Latin, Greek, Cyrillic, punctuation, mathematics and the 6,763
hanzi of GB 2312) and METRICS.rs, the advance widths that the chart layout measures text with.
Needs fonttools.
"""

import pathlib
import sys

from fontTools import subset
from fontTools.ttLib import TTCollection

RANGES = [
    (0x20, 0x7E), (0xA0, 0x17F), (0x370, 0x3FF), (0x400, 0x45F), (0x1E00, 0x1EFF), (0x2010, 0x2044),
    (0x2070, 0x209C), (0x20A0, 0x20BF), (0x2100, 0x214F), (0x2190, 0x2193), (0x2200, 0x226F),
    (0x25A0, 0x25FF), (0x3000, 0x3020), (0xFF00, 0xFF65),
]


def hanzi() -> set[int]:
    """The characters of GB 2312, rows 16 to 87."""
    found = set()
    for row in range(0xB0, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                found.add(ord(bytes([row, cell]).decode("gb2312")))
            except UnicodeDecodeError:
                continue
    return found


def main() -> None:
    source, metrics = sys.argv[1:3]
    font = next(f for f in TTCollection(source).fonts if f["name"].getDebugName(1) == "Noto Sans CJK SC")
    latin = {c for low, high in RANGES for c in range(low, high + 1)}
    options = subset.Options()
    options.layout_features = []
    options.hinting = False
    options.desubroutinize = False
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.notdef_outline = True
    options.drop_tables += ["vhea", "vmtx", "VORG", "BASE", "GPOS", "GSUB", "GDEF"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=latin | hanzi())
    subsetter.subset(font)
    font.save(pathlib.Path(__file__).parent / "chart-sans.otf")
    write_metrics(font, latin, pathlib.Path(metrics))


def write_metrics(font, latin: set[int], path: pathlib.Path) -> None:
    cmap, advance = font.getBestCmap(), font["hmtx"]
    units = font["head"].unitsPerEm
    rows = []
    for code in sorted(latin & set(cmap)):
        width = round(1000 * advance[cmap[code]][0] / units)
        if rows and rows[-1][2] == width and rows[-1][1] == code - 1:
            rows[-1][1] = code
        else:
            rows.append([code, code, width])
    lines = [
        "//! Advance widths of the chart font in thousandths of an em, by character range; written by",
        "//! assets/fonts/subset.py, not by hand.",
        "",
        "/// First character, last character, width.",
        "#[rustfmt::skip]",
        "pub(super) const WIDTHS: &[(u32, u32, u16)] = &[",
    ]
    for at in range(0, len(rows), 6):
        lines.append("    " + " ".join(f"({a:#x}, {b:#x}, {w})," for a, b, w in rows[at:at + 6]))
    path.write_text("\n".join([*lines, "];", ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
