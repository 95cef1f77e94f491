#!/usr/bin/env python3
"""How often a draft from the question alone is right: by rules, and by a model where one is configured.

Usage: suggest.py PROGRAM [questions|held_out], with PROGRAM the built stata-service. The settings of a model are
those of the service (`SS_LLM__…` in the environment). Makes data with the profiles of `tests/fixtures/suggest`,
asks the service every question and prints the shares of right outcomes, roles and methods. Needs pandas and httpx.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures" / "suggest"
KEY = "ssk_admin_0123456789abcdef0123456789abcdef"


def column(spec: dict[str, Any], rows: int, random: np.random.Generator) -> pd.Series:
    """Values with the type, the range and the number of distinct values of a profile."""
    level = random.permutation(np.arange(rows) % spec["distinct"])
    if spec["type"] == "text":
        names = spec.get("values") or [f"{spec['name']} {k + 1}" for k in range(spec["distinct"])]
        return pd.Series([names[k % len(names)] for k in level])
    if spec["type"] == "date":
        return pd.Timestamp("1990-01-01") + pd.to_timedelta(level * 30, unit="D").to_series(index=range(rows))
    low, high = float(spec["min"]), float(spec["max"])
    values = low + (high - low) * level / max(spec["distinct"] - 1, 1)
    if spec["type"] == "number":
        values = np.round(values, 6)
        share = spec.get("missing_share", 0.0)
        return pd.Series(np.where(random.random(rows) < share, np.nan, values))
    return pd.Series(low + level if high - low + 1 < spec["distinct"] else np.round(values)).astype("int64")


def table(spec: dict[str, Any]) -> bytes:
    """A .dta file with the profile's columns, labels and value labels."""
    random = np.random.default_rng(7)
    rows = spec["rows"]
    frame = pd.DataFrame({c["name"]: column(c, rows, random) for c in spec["columns"]})
    labels = {c["name"]: c["label"] for c in spec["columns"] if "label" in c}
    values = {
        c["name"]: {int(c["min"]) + k: text for k, text in enumerate(c["values"])}
        for c in spec["columns"] if "values" in c and c["type"] != "text"
    }
    dates = {c["name"]: "td" for c in spec["columns"] if c["type"] == "date"}
    out = io.BytesIO()
    frame.to_stata(out, write_index=False, version=118, variable_labels=labels, value_labels=values, convert_dates=dates)
    return out.getvalue()


def judged(question: dict[str, Any], template: str, roles: dict[str, list[str]], parameters: dict[str, Any],
           open_fields: set[str]) -> list[bool]:
    """Outcome, roles and method; the rules are those of the fixture's README."""
    expected, items = question["outcome"], roles.get("item_vars", [])
    studied = (roles.get("outcome_var") or (items if expected and len(items) == 1 else []) or [None])[0]
    allowed = {"outcome_var", *question.get("may", [])}
    if expected and items[:1] == [expected]:
        allowed.add("item_vars")
    right = True
    for names, columns in question["roles"].items():
        held: list[str] = []
        for name in names.split("|"):
            allowed.add(name)
            if name.startswith("parameters."):
                held += [parameters[name[11:]]] if name[11:] in parameters else []
            else:
                held += roles.get(name, [])
        right = right and sorted(held) == sorted(columns)
    right = right and set(roles) <= allowed
    right = right and all(not roles.get(role) and role in open_fields for role in question.get("open", []))
    return [studied == expected, right, template in question["methods"]]


class Asked:
    """A job of a running service with a question and its data."""

    def __init__(self, http: httpx.Client, question: dict[str, Any], data: bytes) -> None:
        self.http = http
        code = self.ok(http.post("/v1/admin/task-codes", json={"count": 1}, headers=bearer(KEY)))["task_codes"][0]["task_code"]
        body = {"task_code": code, "requirement": question["question"]}
        job = self.ok(http.post("/v1/task-codes/redeem", json=body))
        self.path, self.headers = f"/v1/jobs/{job['job_id']}", bearer(job["token"])
        upload = http.post(f"{self.path}/inputs/upload", headers=self.headers,
                           files={"file": ("data.dta", data)}, data={"role": "primary_dataset"})
        while upload.status_code == 202 or upload.json().get("status") == "ingesting":
            time.sleep(0.2)
            upload = http.get(f"{self.path}/inputs/preview", headers=self.headers)
        self.ok(upload)

    @staticmethod
    def ok(answer: httpx.Response) -> Any:
        answer.raise_for_status()
        return answer.json()

    def by_rules(self, question: dict[str, Any]) -> list[bool]:
        made = self.ok(self.http.post(f"{self.path}/draft/suggest", json={}, headers=self.headers))
        draft = made["draft"]
        fields = {q["field"] for q in made["open_questions"]}
        return judged(question, draft.get("template_id", ""), draft["roles"], draft["parameters"], fields)

    def by_model(self, question: dict[str, Any]) -> list[bool]:
        answer = self.http.get(f"{self.path}/draft/preview", headers=self.headers)
        while answer.status_code == 202:
            time.sleep(0.5)
            answer = self.http.get(f"{self.path}/draft/preview", headers=self.headers)
        if answer.status_code != 200:
            return [False, False, False]
        draft = answer.json()
        parameters = {p["name"]: p["value"] for p in draft["parameters"]}
        fields = {u["field"] for u in draft["open_unknowns"]}
        return judged(question, (draft["template"] or {}).get("template_id", ""), draft["roles"], parameters, fields)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def ask(address: str, name: str) -> None:
    datasets = json.loads((FIXTURES / "datasets.json").read_text("utf-8"))
    questions = [json.loads(line) for line in (FIXTURES / f"{name}.jsonl").read_text("utf-8").splitlines()]
    tables = {key: table(spec) for key, spec in datasets.items()}
    with httpx.Client(base_url=address, timeout=120) as http:
        by_model = Asked.ok(http.get("/v1/capabilities"))["llm"]["configured"]
        sums = {"rules": np.zeros(3), **({"model": np.zeros(3)} if by_model else {})}
        for question in questions:
            job = Asked(http, question, tables[question["data"]])
            sums["rules"] += job.by_rules(question)
            if by_model:
                sums["model"] += job.by_model(question)
    for author, right in sums.items():
        shares = ", ".join(f"{what} {share:.1%}" for what, share in zip(("outcome", "roles", "method"), right / len(questions)))
        print(f"draft by {author}, {len(questions)} of {name}: {shares}")


def main() -> None:
    name = sys.argv[2] if len(sys.argv) > 2 else "questions"
    with tempfile.TemporaryDirectory() as folder:
        service = subprocess.Popen(
            [sys.argv[1], "serve", "--listen", "127.0.0.1:0", "--data-dir", f"{folder}/data"],
            env={**os.environ, "SS_BOOTSTRAP_ADMIN_KEY": KEY, "SS_LOG": "warn", "SS_DISK__LOW_MB": "0"},
            stdout=subprocess.PIPE, text=True,
        )
        try:
            assert service.stdout is not None
            ask("http://" + json.loads(service.stdout.readline())["address"], name)
        finally:
            service.terminate()
            service.wait(30)


if __name__ == "__main__":
    main()
