#!/usr/bin/env python3
"""`deploy/monitoring` against the real tools.

Usage: monitoring.py PROGRAM SIMULATOR TOOLS, with the built stata-service and llm-simulator, and a folder for tools.
First the files alone: promtool, amtool, yamllint, LogQL's grammar, and that every alert has a test and a runbook. Then
a real service is scraped by a real Prometheus with these rules: every panel of every dashboard has data, alerts reach a
receiver through a real Alertmanager with these routes, and log lines reach a receiver through the log agent.
Ends with 1 at the first violation, and with 77 where a tool cannot be had.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

import monitoring_live
import runbooks
from tools import debian, expect, npm

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "deploy" / "monitoring"
RUNBOOKS = ROOT / "docs" / "runbooks"


def ran(what: str, *command: str | Path, given: str | None = None, cwd: Path = HERE) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, text=True, capture_output=True, input=given)
    if done.returncode != 0:
        sys.exit(f"monitoring: not so: {what}\n{done.stdout}{done.stderr}")
    print(f"  {what}")
    return done.stdout


def files(folder: str) -> list[Path]:
    return sorted((HERE / folder).glob("*.yml"))


def alerts() -> list[dict[str, Any]]:
    """Every alert rule, those of one name with several severities each."""
    loaded = [yaml.safe_load(path.read_text("utf-8")) for path in files("alerts")]
    return [rule for document in loaded for group in document["groups"] for rule in group["rules"]]


def tested() -> set[tuple[str, str]]:
    """Name and severity of each alert that a unit test expects to fire."""
    found = set()
    for path in files("tests"):
        for test in yaml.safe_load(path.read_text("utf-8"))["tests"]:
            for check in test["alert_rule_test"]:
                found |= {(check["alertname"], alert["exp_labels"]["severity"]) for alert in check["exp_alerts"]}
    return found


def quiet() -> set[str]:
    """Names of the alerts that a unit test expects not to fire."""
    documents = [yaml.safe_load(path.read_text("utf-8")) for path in files("tests")]
    checks = [check for document in documents for test in document["tests"] for check in test["alert_rule_test"]]
    return {check["alertname"] for check in checks if not check["exp_alerts"]}


def rules_are_whole() -> None:
    rules = alerts()
    missing = {(rule["alert"], rule["labels"]["severity"]) for rule in rules} - tested()
    expect(f"every one of the {len(rules)} alert rules fires in a unit test {missing or ''}".rstrip(), not missing)
    loud = {rule["alert"] for rule in rules} - quiet() - {"Watchdog"}
    expect(f"and every alert stays quiet in one {loud or ''}".rstrip(), not loud)
    for rule in rules:
        name = re.sub(r"(?<!^)(?=[A-Z])", "-", rule["alert"]).lower() + ".md"
        if rule["annotations"]["runbook_url"] != "{{ $externalLabels.runbooks }}/" + name:
            sys.exit(f"monitoring: {rule['alert']} does not link to {name}")
        page = RUNBOOKS / name
        if not page.is_file() or f"`{rule['alert']}`" not in page.read_text("utf-8"):
            sys.exit(f"monitoring: docs/runbooks/{name} is missing or does not name its alert")
    print("  every alert has its runbook")


def promtool(program: Path) -> None:
    ran("promtool takes the settings with all rules", program, "check", "config", "prometheus.yml")
    ran("promtool takes the rules", program, "check", "rules", *files("rules"), *files("alerts"))
    with ThreadPoolExecutor(2) as pool:
        units = list(pool.map(lambda path: subprocess.run(
            [str(program), "test", "rules", str(path)], text=True, capture_output=True), files("tests")))
    bad = "".join(unit.stdout + unit.stderr for unit in units if unit.returncode != 0)
    expect(f"their unit tests pass {bad}".rstrip(), not bad)
    broken = (HERE / "tests" / "engine.yml").read_text("utf-8").replace("severity: page", "severity: ticket", 1)
    wrong = HERE / "tests" / ".broken.yml"
    wrong.write_text(broken, "utf-8")
    try:
        refused = subprocess.run([str(program), "test", "rules", str(wrong)], capture_output=True).returncode != 0
    finally:
        wrong.unlink()
    expect("a unit test that expects another severity fails", refused)


def amtool(program: Path) -> None:
    ran("amtool takes the routes", program, "check-config", "alertmanager/alertmanager.yml")
    config = HERE / "alertmanager" / "alertmanager.yml"
    for severity, name, receiver in (
        ("page", "EngineDown", "on-call"), ("ticket", "ConfigReloadFailed", "tickets"), ("none", "Watchdog", "watchdog"),
    ):
        ran(f"{severity} goes to {receiver}", program, "config", "routes", "test", f"--config.file={config}",
            f"--verify.receivers={receiver}", f"alertname={name}", f"severity={severity}")


def lint() -> None:
    options = "{extends: default, rules: {line-length: {max: 160}, document-start: disable, braces: disable}}"
    folders = [HERE, ROOT / "deploy" / "velero", ROOT / "deploy" / "external-secrets"]
    ran("yamllint takes every file", sys.executable, "-m", "yamllint", "--strict", "-d", options, *folders)


def dashboards(modules: Path) -> list[dict[str, Any]]:
    ran("the dashboards are those of generate.py", sys.executable, "grafana/generate.py", "--check")
    boards = [json.loads(path.read_text("utf-8")) for path in sorted((HERE / "grafana" / "dashboards").glob("*.json"))]
    queries = [
        target["expr"].replace("$__interval", "5m") for board in boards for panel in board["panels"]
        for target in panel["targets"] if target["datasource"]["type"] == "loki"
    ]
    expect("there are queries of logs", len(queries) >= 6)
    ran(f"the {len(queries)} queries of logs are LogQL", "node", ROOT / "scripts/checks/logql.mjs", modules,
        given=json.dumps(queries))
    bad = subprocess.run(["node", str(ROOT / "scripts/checks/logql.mjs"), str(modules)],
                         input='["sum by (("]', text=True, capture_output=True)
    expect("and what is not LogQL is refused", bad.returncode == 1)
    return boards


def main() -> None:
    program, simulator = (Path(given).resolve() for given in sys.argv[1:3])
    tools = Path(sys.argv[3]).resolve()
    prometheus = debian(tools, "prometheus", "prometheus").parent
    alertmanager = debian(tools, "prometheus-alertmanager", "prometheus-alertmanager").parent
    modules = npm(tools, "lezer", "@grafana/lezer-logql@0.4.2")
    rules_are_whole()
    runbooks.commands_parse()
    runbooks.program_has_them(program)
    lint()
    promtool(prometheus / "promtool")
    amtool(alertmanager / "amtool")
    boards = dashboards(modules)
    monitoring_live.check(program, simulator, prometheus, alertmanager, boards)


if __name__ == "__main__":
    main()
