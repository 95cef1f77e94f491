"""The ways to the database: several hosts in the address, HAProxy, which asks Patroni who takes writes, and PgBouncer in transaction
mode before HAProxy. Each of them is encrypted, and the certificates are checked."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from network import NOBODY, Machine
from programs import Programs

NAME = "service"
SEVERAL, PROXY, POOLER = "several hosts", "HAProxy", "PgBouncer, HAProxy"
# Servers of the service, HAProxy and PgBouncer: what they send is refused by PostgreSQL if it is not encrypted.
ENCRYPTED = ("10.77.0.20/31", "10.77.0.32/27")


@dataclass
class Certificates:
    """An authority of this check, and the certificate of everything that takes connections."""

    authority: Path
    certificate: Path
    key: Path

    @classmethod
    def make(cls, folder: Path, programs: Programs, machines: list[Machine]) -> Certificates:
        folder.mkdir()
        folder.chmod(0o755)
        names = ",".join(f"IP:{machine.address}" for machine in machines)
        made = cls(folder / "authority.pem", folder / "certificate.pem", folder / "key.pem")
        new_key = [programs.openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        for words in (
                [*new_key, "-subj", "/CN=authority of the check", "-keyout", folder / "authority.key", "-out", made.authority],
                [*new_key, "-subj", "/CN=database", "-CA", made.authority, "-CAkey", folder / "authority.key",
                 "-addext", f"subjectAltName={names}", "-addext", "basicConstraints=critical,CA:FALSE",
                 "-keyout", made.key, "-out", made.certificate]):
            done = subprocess.run(list(map(str, words)), capture_output=True, text=True, env=programs.environment())
            if done.returncode != 0:
                sys.exit(f"failover: openssl: {done.stderr}")
        # PostgreSQL refuses the key of somebody else
        os.chown(made.key, int(NOBODY), int(NOBODY))
        made.key.chmod(0o600)
        return made

    def of_postgres(self) -> dict[str, str]:
        """Its settings."""
        return {"ssl": "on", "ssl_cert_file": str(self.certificate), "ssl_key_file": str(self.key)}


def start_proxy(proxy: Machine, members: list[Machine], folder: Path, programs: Programs) -> None:
    """Starts HAProxy; it passes on what is encrypted as it is."""
    servers = "\n".join(f"  server {m.name} {m.address}:5432 maxconn 300 check port 8008" for m in members)
    config = folder / "haproxy.cfg"
    config.write_text(f"""global
  maxconn 2000
defaults
  mode tcp
  timeout connect 4s
  timeout client 30m
  timeout server 30m
  timeout check 2s
listen primary
  bind {proxy.address}:5432
  option httpchk OPTIONS /primary
  http-check expect status 200
  default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
{servers}
""")
    proxy.start([programs.haproxy, "-db", "-f", config], folder / "haproxy.log", environment=programs.environment())


def start_pooler(pooler: Machine, proxy: Machine, folder: Path, certificates: Certificates, programs: Programs) -> None:
    """Starts PgBouncer. After a server that refused it tries again each second; its own default is 15 seconds."""
    config = folder / "pgbouncer.ini"
    config.write_text(f"""[databases]
* = host={proxy.address} port=5432 user=postgres
[pgbouncer]
listen_addr = {pooler.address}
listen_port = 5432
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 40
server_login_retry = 1
client_tls_sslmode = require
client_tls_cert_file = {certificates.certificate}
client_tls_key_file = {certificates.key}
server_tls_sslmode = verify-full
server_tls_ca_file = {certificates.authority}
""")
    config.chmod(0o644)
    pooler.start([programs.pgbouncer, config], folder / "pgbouncer.log", is_root=False, environment=programs.environment())


def urls(members: list[Machine], proxy: Machine, pooler: Machine) -> dict[str, str]:
    """The address of the database by each way."""
    hosts = ",".join(f"{machine.address}:5432" for machine in members)
    to = {SEVERAL: hosts, PROXY: f"{proxy.address}:5432", POOLER: f"{pooler.address}:5432"}
    return {way: f"postgres://postgres@{host}/{NAME}?sslmode=require&target_session_attrs=read-write" for way, host in to.items()}
