#!/usr/bin/env python3
"""Writes the dashboards of Grafana from the panels below.

Usage: generate.py [--check]. With --check nothing is written; ends with 1 if a dashboard is not as described here.

A panel has a title, a unit of Grafana, and its queries with their legends. `rare` says of which event a panel without
data waits; scripts/checks/monitoring.py runs every other query and refuses one without data.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent / "dashboards"
ROUTES = 'route=~"/v1/.*"'
LOGS = '{service_name="stata-service"} | json'


@dataclass(frozen=True)
class Panel:
    title: str
    unit: str
    queries: tuple[tuple[str, str], ...]
    kind: str = "timeseries"
    rare: str = ""
    help: str = ""
    width: int = 8
    logs: bool = False


def line(title: str, unit: str, *queries: tuple[str, str], rare: str = "", help: str = "", width: int = 8) -> Panel:
    return Panel(title, unit, queries, "timeseries", rare, help, width)


def stat(title: str, unit: str, query: str, *, rare: str = "", help: str = "", width: int = 4) -> Panel:
    return Panel(title, unit, ((query, ""),), "stat", rare, help, width)


def logs(title: str, unit: str, query: str, legend: str = "{{tenant_id}}", *, kind: str = "timeseries", width: int = 12) -> Panel:
    return Panel(title, unit, ((query, legend),), kind, "", "", width, True)


def quantile(q: float, metric: str, by: str = "", selector: str = "") -> str:
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({q}, sum by ({labels}) (rate({metric}_bucket{selector}[$__rate_interval])))"


def objectives() -> list[Panel]:
    panels = []
    for name, sli in (("errors", "http_errors"), ("slow requests", "http_slow"), ("lost runs", "runs_lost")):
        panels.append(stat(f"Budget left: {name}", "percentunit", f"stata_service:{sli}:budget_left", width=8,
                           help="Share of the 30-day error budget that is left (docs/slo.md)."))
    for name, sli in (("errors", "http_errors"), ("slow requests", "http_slow"), ("lost runs", "runs_lost")):
        burn = [(f"stata_service:{sli}:ratio_rate{w} / stata_service:{sli}:budget", w) for w in ("1h", "6h", "1d", "3d")]
        panels.append(line(f"Burn rate: {name}", "none", *burn,
                           help="1 spends the budget in exactly 30 days; 14.4 over an hour and 6 over six hours page."))
    panels += [
        line("Requests by status", "reqps", (f"sum by (status) (rate(ss_http_requests_total{{{ROUTES}}}[$__rate_interval]))", "{{status}}"), width=12),
        line("Time to the first byte", "s", *((quantile(q, "ss_http_request_duration_seconds", "", f"{{{ROUTES}}}"), f"p{q * 100:g}") for q in (0.5, 0.95, 0.99)), width=12),
        line("Slowest routes, p95", "s", (f"topk(8, {quantile(0.95, 'ss_http_request_duration_seconds', 'route', f'{{{ROUTES}}}')})", "{{route}}"), width=12),
        line("Requests in flight", "none", ("sum(ss_http_in_flight)", "in flight"), width=6),
        line("Alerts", "none", ('count by (alertname, severity) (ALERTS{alertstate="firing"})', "{{alertname}} ({{severity}})"), width=6),
    ]
    return panels


def queue_and_runs() -> list[Panel]:
    return [
        stat("Jobs that wait", "none", "sum(max by (job, tenant_class) (ss_queue_depth))"),
        stat("Oldest wait", "s", "max(ss_queue_oldest_age_seconds)"),
        stat("Runs under way", "none", "sum(ss_worker_inflight_jobs)"),
        stat("Workers up", "none", "sum(ss_worker_up)"),
        stat("Engines up", "none", "sum(ss_engine_up)"),
        stat("Rules of the gate violated", "none", "count(ss_gate_requirement_ok) - sum(ss_gate_requirement_ok)"),
        line("Queue depth", "none", ("sum by (tenant_class) (max by (job, tenant_class) (ss_queue_depth))", "{{tenant_class}}")),
        line("Wait from queueing to claim", "s", *((quantile(q, "ss_queue_wait_seconds"), f"p{q * 100:g}") for q in (0.5, 0.99))),
        line("Positions for runs", "none", ("sum by (state) (ss_engine_seats)", "{{state}}")),
        line("Runs ended by verdict", "ops", ("sum by (verdict) (rate(ss_runs_total[$__rate_interval]))", "{{verdict}}")),
        line("Failed runs by cause, 1 h", "none", ('sum by (cause) (increase(ss_runs_total{verdict="failed"}[1h]))', "{{cause}}")),
        line("Run time by family, p95", "s", (quantile(0.95, "ss_run_duration_seconds", "template_family"), "{{template_family}}")),
        line("Jobs by status", "none", ("sum by (status) (max by (job, status) (ss_jobs))", "{{status}}")),
        line("Changes of jobs", "ops", ("sum by (event) (rate(ss_jobs_total[$__rate_interval]))", "{{event}}")),
        line("Checks that warned, 1 d", "none", ("topk(8, sum by (check) (increase(ss_runs_warned_total[1d])))", "{{check}}")),
        line("Attempts of earlier processes, 1 d", "none", ("sum by (how) (increase(ss_runs_recovered_total[1d]))", "{{how}}")),
        line("Days left of the licence", "d", ("(ss_engine_licence_expiry_timestamp_seconds > 0) / 86400 - time() / 86400", "{{instance}}"),
             rare="an engine that names the end of its licence (a licensed Stata in production)"),
        line("Age of health checks", "s", ("max by (check) (ss_check_age_seconds)", "{{check}}")),
    ]


def model() -> list[Panel]:
    return [
        stat("Breakers open", "none", "sum(ss_llm_breaker_open)", width=6),
        stat("Share of attempts answered, 1 h", "percentunit",
             'sum(increase(ss_llm_requests_total{outcome="answered"}[1h])) / sum(increase(ss_llm_requests_total[1h]))', width=6),
        stat("Tokens, 1 d", "none", "sum(increase(ss_llm_tokens_total[1d]))", width=6),
        stat("Retries, 1 d", "none", "sum(increase(ss_llm_retries_total[1d]))", width=6),
        line("Attempts by outcome", "ops", ("sum by (provider, outcome) (rate(ss_llm_requests_total[$__rate_interval]))", "{{provider}} {{outcome}}"), width=12),
        line("Time of an attempt", "s", *((quantile(q, "ss_llm_request_duration_seconds", "model"), f"{{{{model}}}} p{q * 100:g}") for q in (0.5, 0.95)), width=12),
        line("Tokens", "none", ("sum by (model, direction) (rate(ss_llm_tokens_total[$__rate_interval]))", "{{model}} {{direction}}"), width=12),
        line("Retries", "ops", ("sum by (provider) (rate(ss_llm_retries_total[$__rate_interval]))", "{{provider}}"), width=6),
        line("Breaker", "none", ("max by (provider) (ss_llm_breaker_open)", "{{provider}}"), width=6),
    ]


def store() -> list[Panel]:
    return [
        stat("Store fault", "none", "sum(ss_store_fault)"),
        stat("Quarantined records", "none", "sum(max by (job) (ss_store_quarantined_records))"),
        stat("Audit write failures, 1 d", "none", "sum(increase(ss_audit_write_failures_total[1d]))"),
        stat("Age of the last backup", "s", "time() - max(ss_backup_last_success_timestamp_seconds > 0)",
             rare="a first backup"),
        stat("Free space", "bytes", "min(ss_disk_free_bytes)"),
        stat("Free space in 72 hours", "bytes", "min(predict_linear(ss_disk_free_bytes[6h], 72 * 3600))"),
        line("Time of the store's operations, p99", "s", (quantile(0.99, "ss_store_op_duration_seconds", "op"), "{{op}}"), width=12),
        line("Operations of the store", "ops", ("sum by (op) (rate(ss_store_op_duration_seconds_count[$__rate_interval]))", "{{op}}"), width=12),
        line("Conflicts", "ops", ("sum(rate(ss_store_conflicts_total[$__rate_interval]))", "conflicts")),
        line("Audit events", "ops", ("sum(max by (job) (rate(ss_audit_events_total[$__rate_interval])))", "events")),
        line("Removed by retention, 1 d", "none", ("sum by (kind) (increase(ss_retention_removed_total[1d]))", "{{kind}}")),
        line("Free space by volume", "bytes", ("min by (instance, volume) (ss_disk_free_bytes)", "{{instance}} {{volume}}")),
        line("Upload sessions open", "none", ("sum(max by (job) (ss_upload_sessions_open))", "open")),
        line("Versions of what is written", "none", ("max by (kind) (ss_schema_version)", "{{kind}}")),
        line("Days left of the certificate", "d", ("(ss_tls_cert_expiry_timestamp_seconds > 0) / 86400 - time() / 86400", "{{instance}}"),
             rare="TLS in the service itself"),
        line("Memory", "bytes", ("process_resident_memory_bytes{job=\"stata-service\"}", "{{instance}}")),
        line("Processor", "percentunit", ("rate(process_cpu_seconds_total{job=\"stata-service\"}[$__rate_interval])", "{{instance}}")),
        line("File descriptors", "percentunit", ("process_open_fds{job=\"stata-service\"} / process_max_fds", "{{instance}}")),
        line("Settings: last reload taken", "none", ("min by (instance) (ss_config_reload_success)", "{{instance}}")),
        line("Spans not exported", "ops", ('sum by (outcome) (rate(ss_otel_spans_total{outcome!="exported"}[$__rate_interval]))', "{{outcome}}")),
    ]


def tenants() -> list[Panel]:
    """Tenants are no label of a metric: their panels read the log lines, which carry `tenant_id`."""
    def count(event: str, more: str = "") -> str:
        return f'sum by (tenant_id) (count_over_time({LOGS} | event="{event}"{more} [$__interval]))'
    return [
        line("Jobs that wait, by class of tenant", "none", ("sum by (tenant_class) (max by (job, tenant_class) (ss_queue_depth))", "{{tenant_class}}"), width=12),
        line("Requests refused by a limit or quota", "reqps",
             (f'sum by (status) (rate(ss_http_requests_total{{{ROUTES},status=~"409|429|507"}}[$__rate_interval]))', "{{status}}"),
             rare="a refusal (409, 429 or 507)", width=12),
        logs("Runs started", "none", count("SS_RUN_STARTED")),
        logs("Runs that did not succeed", "none", count("SS_RUN_FINISHED", ' | status!="succeeded"')),
        logs("Wait for a run, p95", "ms",
             f'quantile_over_time(0.95, {LOGS} | event="SS_RUN_STARTED" | unwrap waited_ms [$__interval]) by (tenant_id)'),
        logs("Attempts at a model", "none", count("SS_LLM_ATTEMPT")),
        logs("Warnings and errors", "none",
             f'sum by (tenant_id, level) (count_over_time({LOGS} | level=~"warn|error" [$__interval]))', "{{tenant_id}} {{level}}"),
        logs("Lines of one tenant", "none", f'{LOGS} | tenant_id="$tenant"', "", kind="logs"),
    ]


DASHBOARDS = {
    "objectives": ("Objectives", objectives()),
    "queue-and-runs": ("Queue and runs", queue_and_runs()),
    "model": ("Language model", model()),
    "store": ("Store and host", store()),
    "tenants": ("Tenants", tenants()),
}


def rendered(panel: Panel, number: int, at: tuple[int, int]) -> dict[str, Any]:
    source = {"type": "loki", "uid": "loki"} if panel.logs else {"type": "prometheus", "uid": "prometheus"}
    targets = []
    for index, (expression, legend) in enumerate(panel.queries):
        targets.append({"refId": chr(ord("A") + index), "datasource": source, "expr": expression, "legendFormat": legend})
    text = " ".join(part for part in (panel.help, f"No data until: {panel.rare}." if panel.rare else "") if part)
    return {
        "id": number, "title": panel.title, "type": panel.kind, "description": text, "datasource": source,
        "gridPos": {"x": at[0], "y": at[1], "w": panel.width, "h": 4 if panel.kind == "stat" else 8},
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "options": {"reduceOptions": {"calcs": ["lastNotNull"]}} if panel.kind == "stat" else {},
        "targets": targets,
    }


def dashboard(name: str) -> dict[str, Any]:
    title, panels = DASHBOARDS[name]
    out, x, y, height = [], 0, 0, 0
    for number, panel in enumerate(panels, 1):
        if x + panel.width > 24:
            x, y, height = 0, y + height, 0
        made = rendered(panel, number, (x, y))
        x, height = x + panel.width, max(height, made["gridPos"]["h"])
        out.append(made)
    variables = []
    if any(panel.logs for panel in panels):
        variables.append({"name": "tenant", "label": "Tenant", "type": "textbox", "query": "default",
                          "current": {"text": "default", "value": "default"}})
    return {
        "uid": f"stata-service-{name}", "title": f"stata-service: {title}", "tags": ["stata-service"],
        "schemaVersion": 38, "version": 1, "editable": False, "refresh": "30s", "timezone": "utc",
        "time": {"from": "now-6h", "to": "now"}, "templating": {"list": variables}, "panels": out,
        "links": [{"type": "dashboards", "title": "stata-service", "tags": ["stata-service"], "asDropdown": True}],
    }


def main() -> None:
    stale = []
    for name in DASHBOARDS:
        path, text = HERE / f"{name}.json", json.dumps(dashboard(name), indent=1, ensure_ascii=False) + "\n"
        if "--check" in sys.argv:
            if not path.exists() or path.read_text("utf-8") != text:
                stale.append(path.name)
        else:
            HERE.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
    if stale:
        sys.exit(f"not as generate.py describes them, run it: {', '.join(stale)}")


if __name__ == "__main__":
    main()
