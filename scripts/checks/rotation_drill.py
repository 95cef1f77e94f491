#!/usr/bin/env python3
"""Rotation drills: every secret of the service is replaced under requests, and none of them is refused.

Usage: rotation_drill.py PROGRAM SIMULATOR, with the built stata-service and llm-simulator. The service speaks TLS; callers ask
without a pause with the credential that docs/secrets.md says they have at that moment. After each drill the old secret must
be worth nothing. Ends with 1 at the first violation.
"""

from __future__ import annotations

import datetime
import http.client
import ipaddress
import os
import secrets
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from restore_drill import PAY
from tools import GENEROUS, ask, expect, free_port, until, upload_form

# each time others: the old and the new one
ROOT_KEYS = tuple(f"ssk_root{n}_{secrets.token_hex(16)}" for n in (1, 2))
LINK_KEYS, MODEL_KEYS, PASSWORDS = (tuple(secrets.token_hex(20) for _ in range(2)) for _ in range(3))
TIMEOUT = 60.0


def hashed(password: str) -> str:
    """Returns argon2id in PHC form, as docs/secrets.md has it."""
    return Argon2id(salt=os.urandom(16), length=32, iterations=2, lanes=1, memory_cost=19456).derive_phc_encoded(password.encode())


def certificate(name: str, cert: Path, key: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(private.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(private, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    key.write_bytes(private.private_bytes(serialization.Encoding.PEM, *form))
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))


class Drill:
    """The service with all its secrets in files, and how it is asked."""

    def __init__(self, program: Path, simulator: Path, folder: Path) -> None:
        self.program, self.simulator, self.folder = program, simulator, folder
        self.port, self.model_port = free_port(), free_port()
        self.service: subprocess.Popen[str] | None = None
        self.model: subprocess.Popen[str] | None = None
        self.trust = ssl.create_default_context()
        self.write("admin.key", ROOT_KEYS[0])
        self.write("admin.hash", hashed(PASSWORDS[0]))
        self.write("llm.key", MODEL_KEYS[0])
        self.write("link.keys", LINK_KEYS[0])
        self.new_certificate("first")

    def write(self, name: str, content: str) -> None:
        """Replaces a file as a whole, as a kubelet or `mv` does."""
        new = self.folder / f".{name}"
        new.write_text(content)
        new.rename(self.folder / name)

    def new_certificate(self, name: str) -> None:
        certificate(name, self.folder / ".tls.crt", self.folder / ".tls.key")
        self.trust.load_verify_locations(self.folder / ".tls.crt")
        for part in ("tls.key", "tls.crt"):
            (self.folder / f".{part}").rename(self.folder / part)

    def start_model(self, *keys: str) -> None:
        if self.model is not None:
            self.model.terminate()
            self.model.wait(20)
        given = [part for key in keys for part in ("--key", key)]
        self.model = subprocess.Popen([str(self.simulator), "--listen", f"127.0.0.1:{self.model_port}", "--seed", "7", *given],
                                      stdout=subprocess.PIPE, text=True)
        assert self.model.stdout is not None and self.model.stdout.readline()

    def start(self) -> None:
        files = {"SS_BOOTSTRAP_ADMIN_KEY_FILE": "admin.key", "SS_ADMIN_PASSWORD_HASH_FILE": "admin.hash",  # pragma: allowlist secret
                 "SS_LLM_API_KEY_FILE": "llm.key", "SS_TOKENS__LINK_KEYS_FILE": "link.keys",  # pragma: allowlist secret
                 "SS_TLS_CERT_FILE": "tls.crt", "SS_TLS_KEY_FILE": "tls.key"}
        self.service = subprocess.Popen(
            [str(self.program), "serve", "--listen", f"127.0.0.1:{self.port}", "--data-dir", str(self.folder / "data")],
            env={**os.environ, **GENEROUS, **{name: str(self.folder / file) for name, file in files.items()},
                 "SS_ADMIN_USERNAME": "root", "SS_LLM_PROVIDER": "openai", "SS_LLM_MODEL": "small",
                 "SS_LLM_BASE_URL": f"http://127.0.0.1:{self.model_port}/v1", "SS_LOG": "warn", "SS_DISK__LOW_MB": "0"},
            stdout=subprocess.PIPE, stderr=(self.folder / "log").open("a"), text=True,
        )
        assert self.service.stdout is not None
        if not self.service.stdout.readline():
            sys.exit(f"rotation drill: the service did not start\n{(self.folder / 'log').read_text()[-2000:]}")

    def end(self) -> None:
        assert self.service is not None
        self.service.terminate()
        self.service.wait(60)

    def reload(self) -> None:
        assert self.service is not None
        self.service.send_signal(signal.SIGHUP)

    def connection(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=self.trust)

    def ask(self, method: str, path: str, key: str = "", body: Any = None,
            over: http.client.HTTPSConnection | None = None) -> tuple[int, Any]:
        return ask(over or self.connection(), method, path, key, body)

    def status(self, key: str) -> int:
        return self.ask("GET", "/v1/admin/system/status", key)[0]


class Callers:
    """Two threads that ask without a pause; `credential` may be replaced at any time. Keeps every answer but 200."""

    def __init__(self, drill: Drill, credential: str, path: str = "/v1/admin/system/status", down_is_waited_for: bool = False) -> None:
        self.drill, self.credential, self.path, self.waits = drill, credential, path, down_is_waited_for
        self.answered, self.bad, self.longest = 0, [], 0.0
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(2)]
        for thread in self.threads:
            thread.start()

    def work(self) -> None:
        while not self.ended.is_set():
            began = time.monotonic()
            while True:
                try:
                    status, body = self.drill.ask("GET", self.path, self.credential)
                    break
                except OSError as error:
                    # a restart: a caller tries again, as every client does
                    if not self.waits or time.monotonic() - began > TIMEOUT:
                        status, body = 0, str(error)
                        break
                    time.sleep(0.05)
            self.longest = max(self.longest, time.monotonic() - began)
            self.answered += 1
            if status != 200:
                self.bad.append((status, body))

    def done(self, promise: str) -> None:
        at_least = self.answered + 20
        until("further requests", lambda: self.answered >= at_least)
        self.ended.set()
        for thread in self.threads:
            thread.join()
        expect(f"{promise}: {self.answered} requests, none refused {self.bad[:2] or ''}".rstrip(), not self.bad)


def api_key(drill: Drill) -> str:
    """Rotates an API key with an overlap; returns the new one."""
    made = drill.ask("POST", "/v1/admin/api-keys", ROOT_KEYS[0], {"role": "admin", "label": "drill"})[1]
    old, identity = made["api_key"], made["key_id"]
    callers = Callers(drill, old)
    new = drill.ask("POST", f"/v1/admin/api-keys/{identity}/rotate", ROOT_KEYS[0], {"overlap_hours": 1})[1]["api_key"]
    until("requests with both keys", lambda: callers.answered > 20)
    callers.credential = new
    callers.done("API key, rotated with an overlap")
    expect("the old one is revoked and refused",
           drill.ask("POST", f"/v1/admin/api-keys/{identity}/revoke", ROOT_KEYS[0])[0] == 200 and drill.status(old) in (401, 403))
    return str(new)


def bootstrap_key(drill: Drill, key: str) -> None:
    callers = Callers(drill, key)
    drill.write("admin.key", ROOT_KEYS[1])
    drill.reload()
    until("the new bootstrap key opens", lambda: drill.status(ROOT_KEYS[1]) == 200)
    callers.done("bootstrap key, while callers use an API key")
    expect("the old one is refused", drill.status(ROOT_KEYS[0]) in (401, 403))


def admin_password(drill: Drill) -> None:
    def login(password: str) -> tuple[int, Any]:
        return drill.ask("POST", "/v1/admin/auth/login", body={"username": "root", "password": password})
    session = login(PASSWORDS[0])[1]["token"]
    token = drill.ask("POST", "/v1/admin/tokens", session, {"label": "drill", "expires_in_days": 1})[1]["token"]
    callers = Callers(drill, token)
    drill.write("admin.hash", hashed(PASSWORDS[1]))
    drill.reload()
    until("the new password logs in", lambda: login(PASSWORDS[1])[0] == 200)
    callers.done("admin password, while callers use a personal token")
    expect("the old password and its session are refused", login(PASSWORDS[0])[0] == 401 and drill.status(session) in (401, 403))


def tls(drill: Drill, key: str) -> None:
    def served() -> str:
        with closing(drill.connection()) as connection:
            connection.connect()
            subject = connection.sock.getpeercert()["subject"]
            return str(subject[0][0][1])
    kept = drill.connection()
    expect("a connection is open", drill.ask("GET", "/health/live", over=kept)[0] == 200 and served() == "first")
    callers = Callers(drill, key)
    drill.new_certificate("second")
    drill.reload()
    until("the new certificate is served", lambda: served() == "second")
    callers.done("TLS certificate, a new connection for each request")
    expect("the connection of before continues to work", drill.ask("GET", "/health/live", over=kept)[0] == 200)


def new_job(drill: Drill, key: str) -> tuple[str, str]:
    code = drill.ask("POST", "/v1/admin/task-codes", key, {"count": 1})[1]["task_codes"][0]["task_code"]
    job = drill.ask("POST", "/v1/task-codes/redeem", body={"task_code": code, "requirement": "What goes with higher pay?"})[1]
    path = f"/v1/jobs/{job['job_id']}"
    drill.ask("POST", f"{path}/inputs/upload", job["token"], upload_form(PAY))
    until("the upload is read", lambda: drill.ask("GET", f"{path}/inputs/preview", job["token"])[0] == 200)
    return path, job["token"]


def outcomes(drill: Drill) -> dict[str, float]:
    """Returns the attempts at the model by outcome."""
    found: dict[str, float] = {}
    for line in drill.ask("GET", "/metrics")[1].splitlines():
        if line.startswith("ss_llm_requests_total{"):
            outcome = line.split('outcome="')[1].split('"')[0]
            found[outcome] = found.get(outcome, 0.0) + float(line.rsplit(" ", 1)[1])
    return found


def model_key(drill: Drill, key: str) -> None:
    """The provider takes both keys for a while; then only the new one."""
    drafts = iter([new_job(drill, key) for _ in range(4)])

    def attempt() -> None:
        path, token = next(drafts)
        before = sum(outcomes(drill).values())
        drill.ask("POST", f"{path}/draft/preview", token, {})
        until("an attempt at the model", lambda: sum(outcomes(drill).values()) > before)

    callers = Callers(drill, key)
    drill.start_model(*MODEL_KEYS)
    attempt()
    drill.write("llm.key", MODEL_KEYS[1])
    drill.reload()
    attempt()
    time.sleep(0.5)
    drill.start_model(MODEL_KEYS[1])
    attempt()
    attempt()
    callers.done("model key, with the provider taking both for a while")
    expect(f"every attempt was answered, the last ones with the new key alone {outcomes(drill)}",
           not outcomes(drill).get("authentication") and outcomes(drill).get("answered", 0) >= 4)


def link_key(drill: Drill, key: str) -> None:
    """The new key goes in front of the old one and needs a restart: requests wait for it, links of before open."""
    path, token = new_job(drill, key)

    def link() -> str:
        return str(drill.ask("POST", f"{path}/links", token, {"scope": "events"})[1]["url"])

    def opens(url: str) -> int:
        with closing(drill.connection()) as connection:
            connection.request("GET", url[url.index("/v1/"):])
            return connection.getresponse().status

    old = link()
    expect("a link opens", opens(old) == 200)
    callers = Callers(drill, key, down_is_waited_for=True)
    drill.write("link.keys", f"{LINK_KEYS[1]},{LINK_KEYS[0]}")
    drill.end()
    drill.start()
    expect("a link of before the restart opens", opens(old) == 200)
    new = link()
    callers.done(f"link key, over a restart; the longest wait was {callers.longest:.1f} s")
    drill.write("link.keys", LINK_KEYS[1])
    drill.end()
    drill.start()
    expect("without the old key its links are refused and those of the new one open", opens(old) in (401, 403) and opens(new) == 200)


def main() -> None:
    program, simulator = (Path(given).resolve() for given in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as name:
        drill = Drill(program, simulator, Path(name))
        drill.start_model(MODEL_KEYS[0])
        drill.start()
        try:
            key = api_key(drill)
            bootstrap_key(drill, key)
            admin_password(drill)
            tls(drill, key)
            model_key(drill, key)
            link_key(drill, key)
        finally:
            for process in (drill.service, drill.model):
                if process is not None:
                    process.terminate()
                    process.wait(60)


if __name__ == "__main__":
    main()
