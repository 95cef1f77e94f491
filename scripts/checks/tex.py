#!/usr/bin/env python3
"""Typesets reports that the tests of the service wrote with a TeX system, as `docs/renderings.md` shows it.

Usage: tex.py FOLDER [FILE]. The fragments are written by `tests/it/runs/renderings_form.rs`; with FILE that one alone. Fails where a
document cannot be made, where a character has no glyph, or where text runs over the margin. Ends with 77 where there is no TeX
(Debian: texlive-xetex, texlive-latex-recommended, texlive-lang-chinese); it is installed in CI only.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools import NOT_HERE

DEBIAN = ["texlive-xetex", "texlive-latex-recommended", "texlive-lang-chinese"]
LATIN = r"\usepackage[utf8]{inputenc}\usepackage[T1]{fontenc}\usepackage{textcomp}"
# points by which a line may be too long: less than the eye sees at the margin
SLACK = 2.0


def bring() -> None:
    """Installs TeX where this is CI; ends the check where there is none."""
    if shutil.which("xelatex") is None and os.environ.get("CI") and shutil.which("apt-get"):
        root = [] if os.geteuid() == 0 else ["sudo", "-n"]
        for arguments in (["update"], ["install", "-y", "--no-install-recommends", *DEBIAN]):
            subprocess.run([*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *arguments], capture_output=True)
    if shutil.which("xelatex") is None or shutil.which("pdflatex") is None:
        print(f"  not run: TeX ({', '.join(DEBIAN)}) is not here")
        sys.exit(NOT_HERE)


def typeset(fragment: Path) -> None:
    chinese = ".zh." in fragment.name
    program = "xelatex" if chinese else "pdflatex"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for picture in fragment.parent.glob("*.png"):
            shutil.copy(picture, folder)
        shutil.copy(fragment, folder / "report.tex")
        (folder / "paper.tex").write_text(
            "\\documentclass{article}\n\\usepackage{booktabs,longtable,graphicx}\n"
            + (r"\usepackage[UTF8]{ctex}" if chinese else LATIN)
            + "\n\\begin{document}\n\\input{report.tex}\n\\end{document}\n", "utf-8",
        )
        done = subprocess.run([program, "-halt-on-error", "-interaction=nonstopmode", "paper.tex"], cwd=folder,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
        log = (folder / "paper.log").read_text("utf-8", "replace")
        if done.returncode != 0:
            sys.exit(f"tex: {fragment.name} cannot be typeset by {program}\n{log[-2000:]}")
        absent = re.findall(r"Missing character: .*", log)
        wide = [line for line in re.findall(r"Overfull \\hbox \(.*", log) if float(re.findall(r"\(([0-9.]+)pt", line)[0]) > SLACK]
        if absent or wide:
            sys.exit("\n".join([f"tex: {fragment.name} runs over the margin or lacks characters", *absent[:5], *wide[:5]]))
        pages = re.findall(r"Output written on paper\.pdf \((\d+) pages?", log.replace("\n", " "))
        print(f"  {fragment.name}: {pages[0]} pages by {program}")


def main() -> None:
    bring()
    folder = Path(sys.argv[1])
    fragments = [folder / sys.argv[2]] if len(sys.argv) > 2 else sorted(folder.glob("*.tex"))
    if len(fragments) < (1 if len(sys.argv) > 2 else 3):
        sys.exit(f"tex: the tests of the service wrote {len(fragments)} fragments to {folder}")
    for fragment in fragments:
        typeset(fragment)


if __name__ == "__main__":
    main()
