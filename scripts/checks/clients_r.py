#!/usr/bin/env python3
"""The R package against a running service.

Usage: clients_r.py TOOLS ADDRESS KEY DOCUMENT: folder of unpacked programs, address of the service, a key that creates
task codes, a file with the OpenAPI document. Runs `R CMD check`, whose tests and examples use the service, and the
example of the README. Ends with 77 where R cannot be had.
"""

from __future__ import annotations

import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.request
from pathlib import Path

import tools
from tools import r_packages

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "clients" / "r"
REPEATED = """
library(statasvc)
revised <- ss_revise(ss_job(ss_service(Sys.getenv("LATER")), "j", "t"))
stopifnot(is.list(revised))
long <- tryCatch(ss_revise(ss_job(ss_service(Sys.getenv("LATER")), "long", "t")), error = function(e) e)
stopifnot(inherits(long, "statasvc_unexpected_answer"))
page <- tryCatch(ss_status(ss_job(ss_service(Sys.getenv("LATER")), "j", "t")), error = function(e) e)
stopifnot(inherits(page, "statasvc_unexpected_answer"))
"""


def expect(promise: str, holds: object) -> None:
    tools.expect(f"R: {promise}", holds)


def r(arguments: list[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300)


class Later(http.server.BaseHTTPRequestHandler):
    """Fails twice, then serves; one path asks for a wait that no caller wants."""

    keys: list[str | None] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        Later.keys.append(self.headers.get("Idempotency-Key"))
        fails = len(Later.keys) < 3 or "long" in self.path
        body = b"a proxy's page" if fails else b'{"plan":{}}'
        self.send_response(503 if fails else 200)
        self.send_header("Content-Type", "text/plain" if fails else "application/json")
        self.send_header("Content-Length", str(len(body)))
        if fails:
            self.send_header("Retry-After", "3600" if "long" in self.path else "0")
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        # a proxy that wants a login
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "7")
        self.end_headers()
        self.wfile.write(b"Sign in")

    def log_message(self, *_: object) -> None:
        pass


def repeating(folder: Path, environment: dict[str, str]) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Later) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        done = r(["Rscript", "-e", REPEATED], folder, {**environment, "LATER": f"http://127.0.0.1:{server.server_port}"})
        server.shutdown()
    expect(f"requests are repeated as asked {'' if done.returncode == 0 else done.stdout[-800:]}", done.returncode == 0)
    expect("with the same idempotency key", len(Later.keys) == 4 and len(set(Later.keys[:3])) == 1)


class Store(http.server.BaseHTTPRequestHandler):
    """A service with `files.redirect`, and under another name the object store to which it sends readers."""

    given: list[str | None] = []

    def do_GET(self) -> None:
        stored = self.path.startswith("/stored")
        body = b"large" if stored else b""
        if stored:
            Store.given.append(self.headers.get("Authorization"))
        self.send_response(200 if stored else 307)
        self.send_header("Location", f"http://localhost:{self.server.server_address[1]}/stored")
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def redirected(folder: Path, environment: dict[str, str]) -> None:
    """A large file is read from the object store, which does not get the token."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Store) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        script = 'library(statasvc); job <- ss_job(ss_service(Sys.getenv("STORE")), "j", "t"); cat(rawToChar(api_get_artifact(job, "j", "a.csv")))'
        done = r(["Rscript", "-e", script], folder, {**environment, "STORE": f"http://127.0.0.1:{server.server_port}"})
        server.shutdown()
    read = done.stdout.endswith("large")
    expect(f"a file is read from the object store {'' if read else done.stdout[-800:]}", read)
    expect("which does not get the token", Store.given == [None])


def task_code(address: str, key: str) -> str:
    request = urllib.request.Request(
        f"{address}/v1/admin/task-codes", data=b'{"count":1}',
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return str(json.load(answer)["task_codes"][0]["task_code"])


def main() -> None:
    unpacked, address, key, document = Path(sys.argv[1]).resolve(), sys.argv[2], sys.argv[3], sys.argv[4]
    subprocess.run([sys.executable, str(PACKAGE / "generate.py"), "--check", document], check=True)
    expect("the functions and their page are those of the document", True)
    libraries = r_packages(unpacked, "curl", "generics", "httr2", "jsonlite", "openssl", "tinytest")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(PACKAGE, folder / "statasvc")
        (folder / "src" / "contrib").mkdir(parents=True)
        (folder / "src" / "contrib" / "PACKAGES").touch()
        (folder / "profile.R").write_text(f'options(repos = c(CRAN = "file://{folder}"))\n', "utf-8")
        environment = {
            # `R CMD check` installs the package here
            **os.environ, "R_LIBS": f"{folder / 'statasvc.Rcheck'}:{libraries}", "STATA_SERVICE_URL": address,
            "STATA_SERVICE_KEY": key, "STATA_SERVICE_TASK_CODE": task_code(address, key), "NO_COLOR": "1",
            "STATA_SERVICE_PAY": str(ROOT / "assets/stata_do_library/datasets/pay.csv"),
            # the index of packages is an empty one: nothing is asked on the internet
            "R_PROFILE": str(folder / "profile.R"), "_R_CHECK_CRAN_INCOMING_": "false",
        }
        checked(folder, environment)
        repeating(folder, environment)
        redirected(folder, environment)
        example = "\n".join(re.findall(r"```r\n(.*?)```", (PACKAGE / "README.md").read_text("utf-8"), re.S)[:3])
        example = example.replace("http://127.0.0.1:8080", address)
        shown = r(["Rscript", "-e", f'task_code <- "{task_code(address, key)}"\n{example}\nprint(tidy(run))\nprint(comparison)'],
                  folder, environment)
        expect(f"the example of its README runs {'' if shown.returncode == 0 else shown.stdout[-800:]}",
               shown.returncode == 0 and (folder / "cars.zip").exists() and (folder / "curve.png").exists()
               and "- If " in shown.stdout and "std.error" in shown.stdout and "4 specifications" in shown.stdout)


def checked(folder: Path, environment: dict[str, str]) -> None:
    """`R CMD check` with the tests and examples of the package."""
    built = r(["R", "CMD", "build", "statasvc"], folder, environment)
    expect(f"the package is built {'' if built.returncode == 0 else built.stdout[-800:]}", built.returncode == 0)
    archive = next(folder.glob("*.tar.gz"))
    done = r(["R", "CMD", "check", "--no-manual", str(archive)], folder, environment)
    # releases of R differ in their notes
    passed = done.returncode == 0 and re.search(r"\nStatus: (OK|\d+ NOTEs?)\n", done.stdout)
    expect(f"R CMD check finds no error and no warning {'' if passed else done.stdout[-3000:]}", passed)
    expect("and asks nothing on the internet", "https:" not in done.stdout)
    tests = (folder / "statasvc.Rcheck" / "tests" / "tinytest.Rout").read_text("utf-8")
    count = re.search(r"All ok, (\d+) results", tests)
    expect(f"its tests ran {'' if count else tests[-800:]}", count and int(count.group(1)) > 20)


if __name__ == "__main__":
    main()
