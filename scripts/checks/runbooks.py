"""The commands of docs/runbooks: that they parse, that the program has them, and that Prometheus takes their queries."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from metrics import ROOT, Prometheus

PAGES = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
# The program's name in code, its command and what follows: words and long options
CALL = re.compile(r"(?m)(?:^ *|`|\"\$\(|\$\(|&& )stata-service ([a-z][a-z-]+(?: (?:--[a-z-]+|[a-z][a-z-]+\b(?![./])))*)")
FENCE = re.compile(r"(?ms)^( *)```sh\n(.*?)^ *```$")


def blocks(page: Path) -> list[str]:
    """The blocks of commands of a page."""
    return [block for _, block in FENCE.findall(page.read_text("utf-8"))]


def section(page: Path, title: str) -> str:
    """The commands of one section of a page."""
    text = page.read_text("utf-8").split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    return "\n".join(block for _, block in FENCE.findall(text))


def commands_parse() -> None:
    count = 0
    for page in PAGES:
        for block in blocks(page):
            done = subprocess.run(["bash", "-n"], input=block, text=True, capture_output=True)
            if done.returncode != 0:
                sys.exit(f"runbooks: {page.name}: {done.stderr}")
            count += 1
    print(f"  the {count} blocks of commands of {len(PAGES)} runbooks parse")


def program_has_them(program: Path) -> None:
    """Every `stata-service …` of a runbook is a command of the program with these options."""
    known: dict[tuple[str, ...], str] = {}
    for page in PAGES:
        for words in CALL.findall(page.read_text("utf-8")):
            given = words.split()
            for take in (2, 1):
                command = tuple(word for word in given[:take] if not word.startswith("-"))
                if command not in known:
                    done = subprocess.run([str(program), *command, "--help"], text=True, capture_output=True)
                    known[command] = done.stdout if done.returncode == 0 else ""
                if known[command]:
                    break
            unknown = [word for word in given if word.startswith("--") and word not in known[command]]
            if not known[command] or unknown:
                sys.exit(f"runbooks: {page.name}: stata-service {words}: not a command or option of the program {unknown}")
    print(f"  they name {len(known)} commands of the program, with options that it has")


def queries_are_taken(prometheus: Prometheus) -> None:
    queries = [query for page in PAGES for block in blocks(page)
               for query in re.findall(r"""promtool query instant "\$prometheus" '([^']+)'""", block)]
    for query in queries:
        answer = prometheus.ask("query", query=query)
        if not answer or answer["status"] != "success":
            sys.exit(f"runbooks: not a query: {query}: {answer}")
    print(f"  their {len(queries)} queries are answered")


def followed(page: str, title: str, settings: dict[str, str], environment: dict[str, str]) -> str:
    """Runs the commands of a section literally, after the settings that the first page asks for; returns their output."""
    prelude = "\n".join(f"{name}={json.dumps(value)}" for name, value in settings.items())
    script = f"{prelude}\nlogs() {{ cat \"$log\"; }}\n{section(ROOT / 'docs' / 'runbooks' / page, title)}"
    done = subprocess.run(["bash", "-uo", "pipefail", "-c", script], text=True, capture_output=True, env=environment, timeout=60)
    if done.returncode != 0 or done.stderr:
        sys.exit(f"runbooks: {page}, {title}: ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout
