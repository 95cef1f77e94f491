"""The Python client on a network that breaks off, repeats, redirects and has proxies, against small servers."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
from stata_service import Job, Progress, UnexpectedAnswer, Unreachable

# a promise, whether it holds, and the evidence to show where it does not
Expect = Callable[..., None]


def raised(kind: type[Exception], call: Callable[[], object]) -> str:
    """The text of the exception that a call raises; empty if it raises none."""
    try:
        call()
    except kind as error:
        return str(error)
    return ""


class Cut(http.server.BaseHTTPRequestHandler):
    """Breaks off the first response in the middle of its body."""

    asked = 0

    def do_GET(self) -> None:
        Cut.asked += 1
        body = b"0123456789"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:4] if Cut.asked == 1 else body)

    def log_message(self, *_: object) -> None:
        pass


class Later(http.server.BaseHTTPRequestHandler):
    """Fails twice, then serves; one path asks for a wait that no caller wants."""

    keys: list[str | None] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        Later.keys.append(self.headers.get("Idempotency-Key"))
        fails = len(Later.keys) < 3 or "long" in self.path
        self.send_response(503 if fails else 200)
        if fails:
            self.send_header("Retry-After", "3600" if "long" in self.path else "0")
        self.end_headers()
        self.wfile.write(b"<html>a proxy's page</html>" if fails else json.dumps({"plan": {}}).encode())

    def log_message(self, *_: object) -> None:
        pass


class Lost(http.server.BaseHTTPRequestHandler):
    """Takes an upload whole and closes without a response, once; then shows it as read."""

    taken: list[tuple[str | None, bytes]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Lost.taken.append((self.headers.get("Idempotency-Key"), body))
        if len(Lost.taken) > 1:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        seen = {"row_count": 1, "datasets": [{"sha256": hashlib.sha256(b"x\n1\n").hexdigest()}]}
        self.wfile.write(json.dumps(seen).encode())

    def log_message(self, *_: object) -> None:
        pass


class Store(http.server.BaseHTTPRequestHandler):
    """An object store at another address, to which the service sends those who read large files."""

    given: list[str | None] = []

    def do_GET(self) -> None:
        Store.given.append(self.headers.get("Authorization"))
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"large")

    def log_message(self, *_: object) -> None:
        pass


class Redirecting(http.server.BaseHTTPRequestHandler):
    """A service with `files.redirect`."""

    store = ""
    artifact = {"rel_path": "a.csv", "kind": "k", "size_bytes": 5, "sha256": hashlib.sha256(b"large").hexdigest()}

    def do_GET(self) -> None:
        body = json.dumps({"artifacts": [self.artifact]}).encode()
        self.send_response(307 if "a.csv" in self.path else 200)
        if "a.csv" in self.path:
            self.send_header("Location", f"{Redirecting.store}/a.csv?signature=s")
            body = b""
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def redirected(expect: Expect, folder: Path) -> None:
    """Large files are read from the object store, which does not get the credential."""
    local = ("127.0.0.1", 0)
    with http.server.ThreadingHTTPServer(local, Store) as store, http.server.ThreadingHTTPServer(local, Redirecting) as server:
        for each in (store, server):
            threading.Thread(target=each.serve_forever, daemon=True).start()
        Redirecting.store = f"http://127.0.0.1:{store.server_port}"
        with Job(f"http://127.0.0.1:{server.server_port}", "j", "t") as job:
            content = job.read("a.csv")
            (path,) = job.download(folder / "redirected")
        expect("a file is read from the object store", content == path.read_bytes() == b"large")
        expect("which does not get the token", Store.given == [None, None])
        for each in (store, server):
            each.shutdown()


class Page(http.server.BaseHTTPRequestHandler):
    """A proxy that wants a login: a page to everything; one path has moved."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b"<html>Sign in</html>"
        self.send_response(301 if "moved" in self.path else 200)
        if "moved" in self.path:
            self.send_header("Location", "https://other.example/")
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


def pages(expect: Expect, folder: Path) -> None:
    """Another program at the address is named at once."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        with Job(address, "j", "t") as job:
            reads: list[Callable[[], object]] = [
                job.view, job.freeze, job.draft, lambda: next(iter(job.events())), lambda: job.capsule(folder / "page.zip"),
            ]
            said = [raised(UnexpectedAnswer, read) for read in reads]
            expect("a page of a proxy is not a response of the service", all("text/html" in text for text in said), said)
            expect("and no file is left of it", not (folder / "page.zip").exists())
        with Job(address, "moved", "t") as job:
            expect("an address that has moved is named", "https://other.example/" in raised(UnexpectedAnswer, job.view))
        server.shutdown()


def repeating(expect: Expect, folder: Path) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cut) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Job(f"http://127.0.0.1:{server.server_port}", "j", "t") as job:
            content = job.capsule(folder / "cut.zip").read_bytes()
        server.shutdown()
    expect("a download that breaks off begins again", Cut.asked == 2 and content == b"0123456789")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Lost) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        seen: list[Progress] = []
        with Job(f"http://127.0.0.1:{server.server_port}", "j", "t", progress=seen.append) as job:
            job.upload(("x.csv", b"x\n1\n"))
        server.shutdown()
    expect("an upload without a response is sent again, the same bytes under the same key",
           len(Lost.taken) == 2 and Lost.taken[0] == Lost.taken[1] and Lost.taken[0][0])
    expect("and is counted once", max(p.done for p in seen if p.phase == "upload") == len(Lost.taken[0][1]))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Later) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        with Job(address, "j", "t") as job:
            job.revise()
        expect("a request that comes too early is sent again", len(Later.keys) == 3)
        expect("with the same idempotency key", len(set(Later.keys)) == 1 and Later.keys[0])
        with Job(address, "long", "t") as job:
            try:
                job.revise()
                expect("a wait of an hour is not made in silence", False)
            except UnexpectedAnswer:
                expect("a wait of an hour is not made in silence", len(Later.keys) == 4)
        server.shutdown()
    with Job(address, "j", "t", attempts=1) as job:
        try:
            job.freeze()
            expect("a service that is away is an error of the connection", False)
        except httpx.ConnectError as away:
            expect("a service that is away is an error of the connection", isinstance(away, Unreachable))
            expect("which names the address and what to do", address in str(away) and "Check the address" in str(away))
