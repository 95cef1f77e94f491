"""The part of monitoring.py that starts programs: service, simulator, Prometheus, Alertmanager and log agent."""

from __future__ import annotations

import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import runbooks
from metrics import KEY, PAY, ROOT, Prometheus, expect, get
from stata_service import ProblemError, Service
from tools import NOT_HERE, free_port

HERE = ROOT / "deploy" / "monitoring"
TIMEOUT = 60.0
OLS = {"template_id": "linear.ols_robust", "outcome_var": "log_pay", "roles": {"regressors": ["schooling"]}}


def until(promise: str, holds: Callable[[], object], seen: Callable[[], object] = str) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not holds():
        if time.monotonic() > deadline:
            sys.exit(f"monitoring: never: {promise}\n{seen()}")
        time.sleep(0.2)
    print(f"  {promise}")


class Receiver:
    """Keeps every JSON body that is posted to it, by path."""

    def __init__(self) -> None:
        kept: list[tuple[str, dict[str, Any]]] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                kept.append((self.path, json.loads(body)))
                self.send_response(202)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(b'{"status":"success","partialSuccess":{}}')

            def log_message(self, *_: object) -> None:
                pass

        self.kept = kept
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def at(self, path: str) -> list[dict[str, Any]]:
        return [body for where, body in list(self.kept) if where == path]


def quick(text: str) -> str:
    """Rules and routes with every wait as short as it can be: the chain is proved here, the waits by promtool."""
    text = re.sub(r"(?m)^(\s+)for: \S+$", r"\1for: 0s", text)
    return re.sub(r"(?m)^(\s+(?:interval|group_wait|group_interval|scrape_interval|scrape_timeout|evaluation_interval)): \S+$",
                  r"\1: 1s", text)


def settings(folder: Path, target: str, alertmanager: str) -> str:
    """Returns the settings of Prometheus with rules, targets and addresses of this check."""
    for name in ("rules", "alerts"):
        (folder / name).mkdir()
        for path in (HERE / name).glob("*.yml"):
            (folder / name / path.name).write_text(quick(path.read_text("utf-8")), "utf-8")
    text = quick((HERE / "prometheus.yml").read_text("utf-8"))
    return text.replace("stata-service:8080", target).replace("alertmanager:9093", alertmanager)


def with_templates(program: Path) -> list[str]:
    """Returns the command that starts Alertmanager where its templates are.

    Debian's program reads them at /usr/share; a separate mount shows those of the unpacked package there.
    Ends the check with NOT_HERE where that is not permitted and the package is not installed.
    """
    if Path("/usr/share/prometheus/alertmanager/default.tmpl").exists():
        return []
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c", 'mount --bind "$0" /usr/share && exec "$@"',
               str(program.parents[1] / "share")]
    if subprocess.run([*command, "true"], capture_output=True).returncode != 0:
        print("  not run: Alertmanager needs a user namespace here, or its package installed")
        sys.exit(NOT_HERE)
    return command


def started_alertmanager(program: Path, folder: Path, receiver: str) -> tuple[subprocess.Popen[bytes], str]:
    shutil.copytree(HERE / "alertmanager", folder / "alertmanager")
    config, key = folder / "alertmanager" / "alertmanager.yml", folder / "pagerduty"
    key.write_text("routing-key-of-a-test")
    text = quick(config.read_text("utf-8")).replace("/etc/alertmanager/secrets/pagerduty", str(key))
    for theirs, path in (
        ("https://events.pagerduty.com/v2/enqueue", "/page"), ("http://issues-bridge:8080/v1/receiver", "/ticket"),
        ("http://watchdog-monitor:8080/ping", "/ping"),
    ):
        if theirs not in text:
            sys.exit(f"monitoring: alertmanager.yml no longer names {theirs}")
        text = text.replace(theirs, receiver + path)
    config.write_text(text, "utf-8")
    address = f"127.0.0.1:{free_port()}"
    log = (folder / "alertmanager.log").open("wb")
    return subprocess.Popen(
        [*with_templates(program), str(program), f"--config.file={config}", f"--storage.path={folder / 'am'}",
         "--cluster.listen-address=", f"--web.listen-address={address}"], stdout=log, stderr=subprocess.STDOUT,
    ), address


def journey(address: str) -> None:
    """Runs one analysis to its end and asks the model for two drafts."""
    with Service(address, KEY) as service:
        code, other = (c.get("task_code") or "" for c in service.create_task_codes(2))
        with service.redeem(code, "What goes with higher pay?") as job:
            job.upload(PAY)
            job.state_draft(**OLS)
            job.freeze()
            expect("a run succeeds", job.run(wait=120)["status"] == "succeeded")
        with service.redeem(other, "What goes with higher pay?") as job:
            job.upload(PAY)
            try:
                job.draft(wait=60)
            except ProblemError as problem:
                # the simulator's words are made of the prompt; an attempt is what is needed
                expect("the model was asked", problem.code.startswith("LLM_"))


def targets(boards: list[dict[str, Any]]) -> Iterator[tuple[str, str, bool]]:
    """Yields place, query and whether the panel waits for a rare event, of every query of Prometheus."""
    for board in boards:
        for panel in board["panels"]:
            for target in panel["targets"]:
                if target["datasource"]["type"] == "prometheus":
                    query = target["expr"].replace("$__rate_interval", "5m")
                    yield f"{board['title']} / {panel['title']}", query, "No data until:" in panel["description"]


def exported(address: str) -> set[str]:
    _, text = get(f"{address}/metrics")
    names = set(re.findall(r"(?m)^# TYPE (\S+) ", text))
    return names | {name + end for name in names for end in ("_bucket", "_count", "_sum")} | {"up", "ALERTS"}


def names_are_exported(boards: list[dict[str, Any]], address: str) -> None:
    known = exported(address)
    texts = [path.read_text("utf-8") for folder in ("alerts", "rules") for path in (HERE / folder).glob("*.yml")]
    recorded = set(re.findall(r"record: (\S+)", "\n".join(texts)))
    asked = texts + [query for _, query, _ in targets(boards)]
    names = {name for text in asked for name in re.findall(r"\b(?:ss|process|stata_service:)_?[a-z0-9_:]+(?=[\[{ )<>=]|$)", text)}
    unknown = names - known - recorded
    expect(f"rules and panels name {len(names)} metrics, all exported or recorded {unknown or ''}".rstrip(),
           len(names) > 40 and not unknown)


def panels_have_data(prometheus: Prometheus, boards: list[dict[str, Any]]) -> None:
    def empty() -> list[str]:
        found = []
        for place, query, rare in targets(boards):
            answer = prometheus.ask("query", query=query)
            if not answer or answer["status"] != "success":
                sys.exit(f"monitoring: {place}: {query}: {answer}")
            values = [sample["value"][1] for sample in answer["data"]["result"]]
            if not rare and all(value == "NaN" for value in values):
                found.append(f"{place}: {query}")
        return found

    count = len(list(targets(boards)))
    until(f"each of the {count} queries of the dashboards has data, or names the event that it waits for",
          lambda: not empty(), lambda: "\n".join(empty()))


def rules_are_evaluated(prometheus: Prometheus) -> None:
    def bad() -> list[str]:
        answer = prometheus.ask("rules") or {"data": {"groups": []}}
        rules = [rule for group in answer["data"]["groups"] for rule in group["rules"]]
        return [f"{r['name']}: {r.get('lastError')}" for r in rules if r["health"] != "ok"] or ([] if len(rules) > 60 else ["few"])
    until("every rule is evaluated without an error", lambda: not bad(), lambda: "\n".join(bad()))


def pages(receiver: Receiver, action: str, alert: str) -> list[dict[str, Any]]:
    return [p for p in receiver.at("/page") if p["event_action"] == action and alert in json.dumps(p)]


def tickets(receiver: Receiver, status: str, alert: str) -> list[dict[str, Any]]:
    return [t for t in receiver.at("/ticket") if t["status"] == status and t["commonLabels"]["alertname"] == alert]


def with_name(program: Path, folder: Path) -> Path:
    """Returns a folder in which the program has its own name, whatever it is called here."""
    named = folder / "bin"
    named.mkdir()
    (named / "stata-service").symlink_to(program)
    return named


def delivery(receiver: Receiver, program: Path, folder: Path, target: str, service: subprocess.Popen[str],
             environment: dict[str, str]) -> None:
    """Breaks the service in three ways, and repairs it: page, ticket and their ends."""
    seen = lambda: json.dumps(receiver.kept[-6:], indent=1)  # noqa: E731
    until("the watchdog is heard", lambda: receiver.at("/ping"), seen)
    until("no backup: a page", lambda: pages(receiver, "trigger", "BackupOld"), seen)
    subprocess.run([str(ROOT / "scripts" / "backup.sh"), str(folder / "backup")], check=True, capture_output=True,
                   env={**environment, "STATA_SERVICE": str(program), "SS_DATA_DIR": str(folder / "data")})
    until("a backup: the page is resolved", lambda: pages(receiver, "resolve", "BackupOld"), seen)

    (folder / "stata" / "engine").rename(folder / "stata" / "gone")
    until("no engine: a page", lambda: pages(receiver, "trigger", "EngineDown"), seen)
    page = pages(receiver, "trigger", "EngineDown")[0]
    expect("the page names instance and runbook",
           "EngineDown on 127.0.0.1:" in page["payload"]["summary"] and page["links"][0]["href"].endswith("/engine-down.md"))
    if shutil.which("jq"):
        said = runbooks.followed("engine-down.md", "Check", {
            "api": f"http://{target}", "auth": f"Authorization: Bearer {KEY}", "log": str(folder / "service.log"),
        }, {**environment, "PATH": f"{with_name(program, folder)}:{environment['PATH']}"})
        expect("its runbook, followed literally, names the cause", "program cannot be found" in said and "stata.cmd" in said)
    (folder / "stata" / "gone").rename(folder / "stata" / "engine")
    until("the engine is back: the page is resolved", lambda: pages(receiver, "resolve", "EngineDown"), seen)

    secret = folder / "admin.key"
    good = secret.read_text()
    secret.write_text("")
    service.send_signal(signal.SIGHUP)
    until("settings that are refused: a ticket", lambda: tickets(receiver, "firing", "ConfigReloadFailed"), seen)
    expect("and no page", not pages(receiver, "trigger", "ConfigReloadFailed"))
    secret.write_text(good)
    service.send_signal(signal.SIGHUP)
    until("settings that are taken: the ticket is resolved", lambda: tickets(receiver, "resolved", "ConfigReloadFailed"), seen)


def log_lines(folder: Path, boards: list[dict[str, Any]]) -> None:
    """Every event and field that a query of logs names is in a line that the service wrote."""
    lines = [json.loads(text) for text in (folder / "service.log").read_text("utf-8").splitlines()]
    queries = [t["expr"] for board in boards for panel in board["panels"] for t in panel["targets"]
               if t["datasource"]["type"] == "loki"]
    for query in queries:
        event = re.search(r'event="(\w+)"', query)
        of = [line for line in lines if event is None or line.get("event") == event[1]]
        fields = re.findall(r'\| (\w+)[=!]', query) + re.findall(r"unwrap (\w+)", query) + ["tenant_id"]
        for field in fields:
            if not any(field in line for line in of):
                sys.exit(f"monitoring: no line has {field}: {query}")
    print(f"  the lines of the service have the fields of {len(queries)} queries of logs")


def agent(folder: Path) -> None:
    """The log agent, where its program is here, sends the lines of the service as they are."""
    try:
        import otel_collector
    except ImportError:
        print("  not run: the collector with the file receiver is not installed")
        return
    program = next((Path(otel_collector.__file__).parent / "bin").glob("*linux_amd64"))
    program.chmod(0o755)
    receiver = Receiver()
    text = (HERE / "loki" / "agent.yml").read_text("utf-8")
    text = text.replace("/var/log/stata-service/*.log", str(folder / "service.log"))
    text = text.replace("endpoint: http://loki:3100/otlp", f"endpoint: {receiver.url}/otlp\n    encoding: json\n    compression: none")
    text = text.replace("service:\n", "service:\n  telemetry: {metrics: {level: none}}\n")
    config = folder / "agent.yml"
    config.write_text(text, "utf-8")
    log = (folder / "agent.log").open("wb")
    running = subprocess.Popen([str(program), f"--config={config}"], stdout=log, stderr=subprocess.STDOUT)

    def records() -> list[dict[str, Any]]:
        return [record for body in receiver.at("/otlp/v1/logs") for resource in body["resourceLogs"]
                if {"key": "service.name", "value": {"stringValue": "stata-service"}} in resource["resource"]["attributes"]
                for scope in resource["scopeLogs"] for record in scope["logRecords"]]
    try:
        until("the log agent sends the end of a run",
              lambda: any("SS_RUN_FINISHED" in record["body"]["stringValue"] for record in records()),
              lambda: (folder / "agent.log").read_text()[-800:])
        line = next(record for record in records() if "SS_RUN_FINISHED" in record["body"]["stringValue"])
        said = json.loads(line["body"]["stringValue"])["time"]
        expect("with the time of the line", time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(int(line["timeUnixNano"]) // 10**9)) == said[:19])
    finally:
        running.terminate()
        running.wait(20)


def check(program: Path, simulator: Path, prometheus: Path, alertmanager: Path, boards: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # a folder of its own: no run may read the folder that holds data and secrets
        (folder / "stata").mkdir()
        shutil.copy(program, folder / "stata" / "engine")
        (folder / "admin.key").write_text(KEY)
        (folder / "llm.key").write_text("key-of-a-test")
        model = subprocess.Popen([str(simulator), "--listen", "127.0.0.1:0", "--seed", "7", "--key", "key-of-a-test"],
                                 stdout=subprocess.PIPE, text=True)
        assert model.stdout is not None
        environment = {
            **os.environ, "SS_BOOTSTRAP_ADMIN_KEY_FILE": str(folder / "admin.key"), "SS_LOG_FORMAT": "json",
            "SS_DISK__LOW_MB": "0", "SS_STATA_CMD": f"{folder / 'stata' / 'engine'} dofile", "SS_LLM_PROVIDER": "openai",
            "SS_LLM_MODEL": "small", "SS_LLM_API_KEY_FILE": str(folder / "llm.key"),
            "SS_LLM_BASE_URL": f"http://{json.loads(model.stdout.readline())['address']}/v1",
        }
        log = (folder / "service.log").open("w")
        service = subprocess.Popen([str(program), "serve", "--listen", "127.0.0.1:0", "--data-dir", str(folder / "data")],
                                   env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        receiver = Receiver()
        running, watching = None, None
        try:
            assert service.stdout is not None
            target = json.loads(service.stdout.readline())["address"]
            watching, address = started_alertmanager(alertmanager / "prometheus-alertmanager", folder, receiver.url)
            running = Prometheus(prometheus, folder, target, settings(folder, target, address))
            running.until("the target is up", lambda: running.value('up{job="stata-service"}') == 1)
            journey(f"http://{target}")
            names_are_exported(boards, f"http://{target}")
            rules_are_evaluated(running)
            panels_have_data(running, boards)
            runbooks.queries_are_taken(running)
            log_lines(folder, boards)
            delivery(receiver, program, folder, target, service, environment)
            agent(folder)
        finally:
            if running is not None:
                running.end()
            for process in (watching, service, model):
                if process is not None:
                    process.terminate()
                    process.wait(40)
