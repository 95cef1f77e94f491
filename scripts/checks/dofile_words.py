#!/usr/bin/env python3
"""Counts the command words of do-files and the share that the open engine knows.

    scripts/checks/dofile_words.py PROGRAM FOLDER [FOLDER ...]

PROGRAM is the engine (`target/debug/dofile`); its `--list-commands` gives names and abbreviations. Every `*.do` below
the folders is read: comments, `///`, `#delimit ;`, blocks of Mata, of `input` and of other languages, and prefixes are
resolved. Words of programs that the files themselves define, and words with macros in them, are not counted. The script
prints the share of known words, the share of files in which every word is known, and the unknown words, those of most
files first.
"""

import collections
import pathlib
import re
import subprocess
import sys

PREFIXES = {"quietly": 3, "noisily": 1, "capture": 3, "nobreak": 7, "break": 5, "novarabbrev": 11, "varabbrev": 9}
COLON_PREFIXES = {"by", "bysort", "bys", "xi", "svy", "version", "bootstrap", "jackknife", "simulate", "statsby", "mi",
                  "stepwise", "rolling", "permute", "nestreg", "frame", "bayes", "fp", "mfp"}
LANGUAGE = {"foreach", "forvalues", "forv", "forva", "forval", "forvalu", "forvalue", "while", "if", "else", "end",
            "continue", "by", "bysort", "bys", "input", "inpu", "inp"}
WORD = re.compile(r"[A-Za-z_]\w*")


def known_words(program):
    """The full name of each command with its shortest abbreviation."""
    table = subprocess.run([program, "--list-commands"], check=True, capture_output=True, text=True).stdout
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| `")]
    return {row[1].strip(" `"): len(row[2].strip(" `")) for row in rows}


def without_comments(text):
    """Blanks `/* */` and joins lines that `///` continues; text in quotes stays."""
    out, i, depth = [], 0, 0
    quoted = False
    while i < len(text):
        two = text[i:i + 2]
        if depth == 0 and text[i] == '"':
            quoted = not quoted
        if text[i] == "\n":
            quoted = False
        if not quoted and two == "/*" and text[i - 1:i] != "/":
            depth, i = depth + 1, i + 2
        elif depth and two == "*/":
            depth, i = depth - 1, i + 2
        elif depth:
            i += 1
        elif not quoted and text[i:i + 3] == "///":
            end = text.find("\n", i)
            out.append(" ")
            i = len(text) if end < 0 else end + 1
        elif not quoted and two == "//" and (i == 0 or text[i - 1].isspace()):
            end = text.find("\n", i)
            i = len(text) if end < 0 else end
        else:
            out.append(text[i])
            i += 1
    return "".join(out)


def statements(text):
    """Logical lines in either setting of `#delimit`."""
    semicolon, held = False, ""
    for line in without_comments(text.replace("\r\n", "\n").replace("\r", "\n")).split("\n"):
        delimit = re.match(r"\s*#d(?:elimit)?\s+(;|cr)", line)
        if delimit:
            if held.strip():
                yield held.strip()
            semicolon, held = delimit[1] == ";", ""
            continue
        if not semicolon:
            yield line.strip()
            continue
        *whole, held = (held + " " + line).split(";")
        yield from (part.strip() for part in whole)
    if held.strip():
        yield held.strip()


def after_prefixes(line):
    """The statement behind its prefixes, and the prefixes that are commands themselves."""
    while True:
        line = line.lstrip("} \t")
        line = line.lstrip("{ \t")
        word = WORD.match(line)
        if word is None:
            return line
        name, rest = word[0], line[word.end():]
        short = next((full for full, least in PREFIXES.items() if len(name) >= least and full.startswith(name)), None)
        if short is not None:
            line = rest.lstrip(" \t:")
            continue
        if name in COLON_PREFIXES:
            colon = re.match(r"[^\"{]*?:(?!:)", rest)
            if colon:
                line = rest[colon.end():]
                continue
        if name == "else" and rest.strip(" {"):
            line = rest
            continue
        if name == "if" and "{" not in rest:
            one_line = re.match(r"\s*(?:\([^)]*\)|\S+\s*(?:==|!=|~=|>=|<=|>|<)\s*\S+|\S+)\s+(?=[a-z])", rest)
            if one_line and rest[one_line.end():].strip():
                line = rest[one_line.end():]
                continue
        return line


def command_words(text):
    """The command words of one do-file, and the programs that it defines."""
    words, defined, block = collections.Counter(), set(), None
    for line in statements(text):
        if block:
            if re.match(rf"({block})\b", line):
                block = None
            continue
        if not line or line.startswith("*"):
            continue
        if line.lstrip().startswith("!"):
            words["shell"] += 1
            continue
        line = after_prefixes(line)
        if not line or line.startswith("*"):
            continue
        word = WORD.match(line)
        if word is None or line[word.end():word.end() + 1] in {"`", "$"}:
            continue
        name, rest = word[0], line[word.end():].strip()
        words[name] += 1
        if name in {"program", "prog", "pr", "progr", "progra"} and not re.match(r"(drop|dir|list)\b", rest):
            named = re.match(r"(?:define\s+)?(\w+)", rest)
            defined.update([named[1]] if named else [])
        if (name == "mata" and rest in {"", ":"}) or (name in {"python", "java"} and rest in {"", ":"}):
            block = "end"
        elif len(name) >= 3 and "input".startswith(name):
            block = "end"
    return words, defined


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    names = known_words(sys.argv[1])

    def known(word):
        if word in names or word in LANGUAGE:
            return True
        return any(full.startswith(word) and len(word) >= least for full, least in names.items())

    files = [path for folder in sys.argv[2:] for path in sorted(pathlib.Path(folder).rglob("*.do"))]
    counted = {path: command_words(path.read_text(encoding="utf-8", errors="replace")) for path in files}
    own = set().union(*(defined for _, defined in counted.values()))
    total, unknown, whole = 0, collections.Counter(), 0
    in_files = collections.Counter()
    for words, _ in counted.values():
        words = {word: n for word, n in words.items() if word not in own}
        missing = {word: n for word, n in words.items() if not known(word)}
        total += sum(words.values())
        unknown.update(missing)
        in_files.update(missing.keys())
        whole += not missing
    share = 1 - sum(unknown.values()) / total if total else 1
    print(f"{len(files)} files, {total} command words, {share:.1%} known; in {whole} files every word is known")
    for word, number in in_files.most_common():
        print(f"{word:<24}{number:>6} files{unknown[word]:>8} times")


if __name__ == "__main__":
    main()
