#!/usr/bin/env python3
"""The chart: linted, rendered with every documented set of values, validated, refused where it must be.

Usage: chart.py PROGRAM NODE_MODULES [OUT]
Validates against the schemas of five Kubernetes versions and of the CRDs, has the real program read the settings of
each rendered pod, and starts it with those of the default values. OUT keeps the manifests.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import kubernetes_validate
import yaml
from helm_python import Chart, HelmError, lint

from support import KEY, ROOT, Client, Service, expect, until

CHART = ROOT / "deploy" / "helm"
VERSIONS = ("1.29", "1.31", "1.33", "1.35", "1.37")
# The shape of an argon2id hash; no password has it.
HASH = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
# What the files of secrets hold where any key would not do.
SECRETS = {"admin-password-hash": HASH, "database-url": "postgres://service:word@database.analysis.svc/stata_service"}
# What a cluster sets for a pod whose service account has a role.
PLATFORM = {"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/stata-service",
            "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"}
EXAMPLES = [ROOT / "deploy" / "cloudnative-pg" / "cluster.yaml"]
CRD_GROUPS = ("monitoring.coreos.com", "external-secrets.io", "velero.io")
S3 = {"files": {"backend": "s3"}}
POSTGRES = {"store": {"backend": "postgres"}, "secrets": {"existingSecret": "s", "keys": ["database-url"]}}
SHARED = POSTGRES | S3 | {"s3": {"bucket": "b", "credentials": "instance"}}
REFUSED = {
    "a database without its address": ({"store": {"backend": "postgres"}}, "store.backend=postgres", "database-url"),
    "a bucket without a name": (S3, "files.backend=s3", "s3.bucket"),
    "a bucket without a key": (S3 | {"s3": {"bucket": "b"}}, "s3.credentials=key", "s3-access-key-id"),
    "URLs of a store that is not there": ({"files": {"presigned": True}}, "files.presigned", "files.backend=s3"),
    "half of the data in the pod": (
        POSTGRES | {"persistence": {"ephemeral": True}}, "persistence.ephemeral", "keep both outside"),
    "secrets of webhooks in the pod": (
        SHARED | {"persistence": {"ephemeral": True}},
        "persistence.ephemeral", "webhook-keys"),
    "snapshots without the records": (POSTGRES | {"velero": {"enabled": True}}, "velero.enabled", "stata-service backup"),
    "an unknown place of files": ({"files": {"backend": "gcs"}}, "backend", "local"),
    "the role api on a volume": ({"role": "api"}, "role=api", "store.backend=postgres and files.backend=s3"),
    "two replicas on volumes": ({"replicaCount": 2}, "replicaCount=2", "share records and files"),
    "two replicas without a bucket": (POSTGRES | {"replicaCount": 2}, "replicaCount=2", "files.backend=s3"),
    "servers with keys of their own": (
        SHARED | {"replicaCount": 2}, "replicaCount=2", "link-keys and webhook-keys"),
    "the way in to a worker": (
        SHARED | {"role": "worker", "ingress": {"enabled": True},
                  "secrets": {"existingSecret": "s", "keys": ["database-url", "link-keys", "webhook-keys"]}},
        "role=worker", "role api"),
    "autoscaling": ({"autoscaling": {"enabled": True}}, "autoscaling.enabled", "replicaCount"),
    "a drain shorter than the probe": ({"drain": {"delaySeconds": 4}}, "drain.delaySeconds=4", "closed listener"),
    "production without Stata": ({"environment": "production"}, "environment=production", "stata.command"),
    "a key that nobody gives": ({"secrets": {"keys": ["llm-api-key"]}}, "secrets.keys", "existingSecret"),
    "a store without a place": (
        {"externalSecret": {"enabled": True}}, "externalSecret.remoteRefs", "bootstrap-admin-key"),
    "a misspelt value": ({"replicas": 1}, "replicas", "additional properties"),
    "an unknown backend": ({"store": {"backend": "redis"}}, "backend", "file"),
    "a relative Stata": ({"stata": {"command": "stata-mp"}}, "command", "pattern"),
}


def sets() -> dict[str, dict]:
    """The default values and every documented set."""
    files = sorted((CHART / "ci").glob("*.yaml"))
    expect(f"there are {len(files)} documented sets of values", files)
    return {"default": {}} | {f.stem: yaml.safe_load(f.read_text()) for f in files}


def linted(name: str, values: dict) -> None:
    report = lint(CHART, values, strict=True, namespace="analysis")
    worst = [m for m in report["messages"] if m["severity"] >= 2]
    expect(f"{name}: lint --strict has nothing to say", not worst and not report["errors"], report)


def rendered(chart: Chart, values: dict) -> list[dict]:
    texts = chart.render(values, name="ss", namespace="analysis")
    return [d for path, text in texts.items() if path.endswith(".yaml") for d in yaml.safe_load_all(text) if d]


def validated(name: str, documents: list[dict]) -> list[dict]:
    """Validates what Kubernetes knows, strictly; returns the rest."""
    own = [d for d in documents if not d["apiVersion"].startswith(CRD_GROUPS)]
    for version in VERSIONS:
        for document in own:
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                sys.exit(f"{name}, Kubernetes {version}, {document['kind']}: {error}")
    kinds = sorted({d["kind"] for d in own})
    print(f"  {name}: {len(own)} objects are valid in {', '.join(VERSIONS)} ({', '.join(kinds)})")
    return [d for d in documents if d not in own]


def validators_are_real(documents: list[dict]) -> None:
    bad = json.loads(json.dumps(next(d for d in documents if d["kind"] == "StatefulSet")))
    bad["spec"]["replicaz"] = 1
    try:
        kubernetes_validate.validate(bad, VERSIONS[0], strict=True)
    except kubernetes_validate.ValidationError:
        return print("  the validator refuses a field that does not exist")
    sys.exit("the validator takes anything")


def custom(resources: list[dict], modules: Path) -> None:
    # Those of Velero have no such package: a Rust program checks what OUT keeps of them.
    checked = [d for d in resources if not d["apiVersion"].startswith("velero.io")]
    ran = subprocess.run(["node", ROOT / "scripts/checks/delivery/crds.cjs", modules], input=json.dumps(checked),
                         text=True, capture_output=True)
    expect(f"{len(checked)} custom resources are valid: {ran.stdout.strip()}", ran.returncode == 0, ran.stderr)


def container(documents: list[dict]) -> dict:
    workload = next(d for d in documents if d["kind"] == "StatefulSet")
    return workload["spec"]["template"]["spec"]["containers"][0]


def settings(documents: list[dict], folder: Path) -> dict[str, str]:
    """The environment of the pod, with its files and folders moved below `folder`."""
    secrets = folder / "secrets"
    secrets.mkdir(parents=True, exist_ok=True)
    drawn = next((d["data"] for d in documents if d["kind"] == "Secret"), {})
    out = {}
    for entry in container(documents)["env"]:
        name, value = entry["name"], str(entry.get("value", ""))
        if "valueFrom" in entry:
            continue
        value = value.replace("$(POD_IP)", "10.0.0.7")
        if value.startswith("/etc/stata-service/"):
            file = secrets / Path(value).name
            given = drawn.get(file.name)
            file.write_bytes(base64.b64decode(given) if given else SECRETS.get(file.name, KEY).encode())
            file.chmod(0o600)
            value = str(file)
        out[name] = str(folder / "data") if name == "SS_DATA_DIR" else value
    return out | (PLATFORM if out.get("SS_S3__CREDENTIALS") == "web_identity" else {})


def stores(documents: list[dict]) -> None:
    """A database: its tables are made before the server starts, with the same settings; its port may be reached."""
    pod = next(d for d in documents if d["kind"] == "StatefulSet")["spec"]["template"]["spec"]
    served = pod["containers"][0]
    if not any(entry["name"] == "SS_JOB_STORE_BACKEND" for entry in served["env"]):
        return expect("without a database nothing runs before the server", "initContainers" not in pod)
    first = pod["initContainers"][0]
    same = (first["args"], first["env"], first["image"]) == (["store", "migrate"], served["env"], served["image"])
    expect("the tables are made by the same program with the same settings", same)
    mounted = {m["name"] for m in first["volumeMounts"]}
    expect("with the data directory and the secrets", {"data", "secrets"} <= mounted)
    policy = next(d for d in documents if d["kind"] == "NetworkPolicy")["spec"]
    ports = {port["port"] for rule in policy["egress"] for port in rule["ports"]}
    expect("and the pod may reach the database and the bucket", {5432, 443} <= ports, ports)


def servers(name: str, documents: list[dict], values: dict) -> None:
    """Several servers: each says what it does and how the others reach it, and they may reach each other."""
    role = values.get("role", "all")
    workload = next(d for d in documents if d["kind"] == "StatefulSet")["spec"]
    served = workload["template"]["spec"]["containers"][0]
    wanted = ["serve"] + (["--role", role] if role != "all" else [])
    told = (workload["replicas"], served["args"])
    expect(f"{name}: {told[0]} of role {role}", told == (values.get("replicaCount", 1), wanted), told)
    env = [entry["name"] for entry in served["env"]]
    shared = values.get("store", {}).get("backend") == "postgres" and values.get("files", {}).get("backend") == "s3"
    # the address is made of a variable that stands before it
    placed = "POD_IP" in env and env.index("POD_IP") < env.index("SS_NODE__ADDRESS")
    expect(f"{name}: {'an' if shared else 'no'} address for other servers", placed == shared, env)
    policy = next((d for d in documents if d["kind"] == "NetworkPolicy"), None)
    if shared and policy:
        peers = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "stata-service"}}}
        ways = [rule for rule in policy["spec"]["egress"] if peers in rule.get("to", [])]
        callers = policy["spec"]["ingress"][0]["from"]
        expect("and a way to each other", ways and (peers in callers or {"podSelector": {}} in callers), policy)


def understood(name: str, documents: list[dict], program: str, folder: Path) -> None:
    """The program takes every setting that the pod gives it."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("SS_")}
    ran = subprocess.run([program, "config", "show"], env=clean | settings(documents, folder), text=True,
                         capture_output=True)
    expect(f"{name}: the program understands its {len(container(documents)['env'])} settings",
           ran.returncode == 0, ran.stdout + ran.stderr)


def drains(documents: list[dict]) -> None:
    pod = next(d for d in documents if d["kind"] == "StatefulSet")["spec"]["template"]["spec"]
    env = {e["name"]: e.get("value") for e in pod["containers"][0]["env"]}
    pre_stop = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    bounds = pre_stop + int(env["SS_DRAIN_DELAY_SECONDS"]) + 2 * int(env["SS_SHUTDOWN_TIMEOUT_SECONDS"]) + 22
    grace = pod["terminationGracePeriodSeconds"]
    expect(f"the grace period of {grace} s is longer than all bounds of an end, {bounds} s", grace > bounds)


def starts(documents: list[dict], program: str, folder: Path) -> None:
    """The program serves with the settings of the default values, and the probes of the chart reach it."""
    given = settings(documents, folder) | {"SS_LISTEN": "127.0.0.1:0"}
    key = Path(given["SS_BOOTSTRAP_ADMIN_KEY_FILE"]).read_text()
    given["SS_BOOTSTRAP_ADMIN_KEY"] = ""
    probes = container(documents)
    with Service(program, folder / "data", folder / "log", **given) as service:
        client = Client(f"http://{service.address}")
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            path = probes[probe]["httpGet"]["path"]
            until(f"{probe} {path} is 200", lambda: client.call("GET", path)[0] == 200)
        status, _ = client.call("POST", "/v1/admin/task-codes", key, {"count": 1})
        expect("the default values serve: probes answer, the drawn admin key works", status == 201)


def refused(chart: Chart) -> None:
    for what, (values, *words) in REFUSED.items():
        try:
            chart.validate_schema(values)
            rendered(chart, values)
        except HelmError as error:
            missing = [w for w in words if w not in str(error)]
            expect(f"refused by name: {what}", not missing, f"{missing} not in: {error}")
        else:
            sys.exit(f"not refused: {what}")


def main() -> None:
    program, modules = str(Path(sys.argv[1]).resolve()), Path(sys.argv[2]).resolve()
    out = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    with Chart.load(CHART) as chart, tempfile.TemporaryDirectory(prefix="ss-chart-") as name:
        resources: list[dict] = []
        for given, values in sets().items():
            linted(given, values)
            documents = rendered(chart, values)
            resources += validated(given, documents)
            drains(documents)
            stores(documents)
            servers(given, documents, values)
            understood(given, documents, program, Path(name) / given)
            if given == "default":
                validators_are_real(documents)
                starts(documents, program, Path(name) / given)
            if out:
                out.mkdir(parents=True, exist_ok=True)
                (out / f"{given}.yaml").write_text(yaml.safe_dump_all(documents, sort_keys=False))
        if out:
            schedules = [d for d in resources if d["apiVersion"].startswith("velero.io")]
            (out / "velero.yaml").write_text(yaml.safe_dump_all(schedules, sort_keys=False))
        custom(resources + [d for file in EXAMPLES for d in yaml.safe_load_all(file.read_text())], modules)
        refused(chart)


if __name__ == "__main__":
    main()
