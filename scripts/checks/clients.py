#!/usr/bin/env python3
"""The clients against a real service.

Usage: clients.py PROGRAM SIMULATOR TOOLS, with the built stata-service and llm-simulator, and TOOLS the folder for programs that the
checks bring. Prints what it saw; exits with 1 at the first thing that is not as promised, with 77 if a client could not be
run here.
"""

from __future__ import annotations

import atexit
import http.server
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "clients" / "python"
sys.path.insert(0, str(CLIENT / "src"))

import clients_python  # noqa: E402
import httpx  # noqa: E402
from stata_service import Job, ProblemError, RunFailed, Service  # noqa: E402
from tools import NOT_HERE, expect  # noqa: E402

KEY = "ssk_admin_0123456789abcdef0123456789abcdef"
PAY = ROOT / "assets/stata_do_library/datasets/pay.csv"
OLS = {"template_id": "linear.ols_robust", "outcome_var": "log_pay", "roles": {"regressors": ["schooling"]}}


def journey(address: str, folder: Path) -> None:
    with Service(address, KEY) as service:
        code = service.create_task_codes()[0].get("task_code") or ""
        with service.redeem(code, "What goes with higher pay?", client_ref="r1") as job:
            try:
                job.freeze()
                expect("a freeze without a draft is refused", False)
            except ProblemError as problem:
                expect("a refusal is an exception with its code", problem.code == "PLAN_FREEZE_NOT_ALLOWED")
            expect("an upload answers its columns", job.upload(PAY)["row_count"] == 800)
            job.state_draft(**OLS)
            job.patch_draft(parameters__level=90)
            expect("the preview of the plan is ready and shows the do-file", job.preview_plan()["ready"])
            plan = job.freeze()
            level = [p for p in plan["contract"]["parameters"] if p["name"] == "level"]
            expect("a parameter is bound as stated", level[0]["value"] == 90)
            run = job.run(wait=120)
            expect("the run succeeded", run["status"] == "succeeded")
            row = job.results()[0]
            expect("the slope lies in its interval", (row.get("ci_low") or 0) < (row.get("estimate") or 0))
            following(job)
            with zipfile.ZipFile(job.capsule(folder / "run.zip", data="hash")) as capsule:
                names = set(capsule.namelist())
            expect("a capsule is downloaded whole", any(name.endswith("ro-crate-metadata.json") for name in names))
            files = job.download(folder / "results")
            expect("every artifact is downloaded and has its hash", len(files) == len(job.artifacts()))
            again = service.redeem(code)
            expect("the same code gives the same job", (again.job_id, again.token) == (job.job_id, job.token))
            again.close()
        expect("a list by reference finds it", [j["job_id"] for j in service.jobs(client_ref="r1")] == [job.job_id])
        failing(service)


def following(job: Job) -> None:
    """The streams of a job that has ended; a proxy that cuts every connection short; heartbeats."""
    names, ids = [], []
    for event in job.events():
        names.append(event.name)
        ids.append(event.id)
        if event.name == "run.finished":
            expect("an event has its data", event.data["verdict"] == "succeeded")
            break
    told = [name for name in names if name in {"inputs.ready", "draft.ready", "run.queued", "run.started", "run.finished"}]
    order = list(dict.fromkeys(told))
    expect("the story is told from its beginning, in its order",
           order == ["inputs.ready", "draft.ready", "run.queued", "run.started", "run.finished"])
    # the id of a change stands at the last of its events
    middle = next(i for i in range(len(ids) // 2, len(ids)) if ids[i] != ids[i - 1])
    rest = [event.name for event in itertools.islice(job.events(last_event_id=ids[middle]), len(ids) - middle - 1)]
    expect("it goes on after an id", rest == names[middle + 1 :])
    lines = list(job.follow_log())
    log = next(a["rel_path"] for a in job.artifacts() if a["kind"] == "stata.log")
    whole = job.read(log).decode().split("\n")
    expect("a log is followed to its end", lines == whole[:-1])


class Broken(http.server.BaseHTTPRequestHandler):
    """Breaks every stream after one event, in the middle of the next, with a heartbeat between."""

    asked: list[str | None] = []

    def do_GET(self) -> None:
        after = self.headers.get("Last-Event-ID")
        Broken.asked.append(after)
        number = int(after or 0) + 1
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(f": still here\nretry: 10\n\nid: {number}\nevent: n\ndata: {{\"n\":\ndata: {number}}}\n\n".encode())
        self.wfile.write(f": still here\n\nid: {number + 1}\ndata: {{".encode())

    def log_message(self, *_: object) -> None:
        pass


def broken_streams() -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Broken) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Job(f"http://127.0.0.1:{server.server_port}", "j", "t") as job:
            seen = [event.data["n"] for event in itertools.islice(job.events(), 4)]
        server.shutdown()
    expect("a stream that breaks off goes on where it broke", seen == [1, 2, 3, 4])
    expect("and asks after the last whole event", Broken.asked[:4] == [None, "1", "2", "3"])


def readme_examples(address: str, folder: Path) -> None:
    """Runs the Python blocks of the client's README in order."""
    with Service(address, KEY) as service:
        code = service.create_task_codes()[0].get("task_code") or ""
    text = (CLIENT / "README.md").read_text("utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.S)
    script = "\n".join(blocks).replace("http://127.0.0.1:8080", address).replace('"pay.csv"', repr(str(PAY)))
    done = subprocess.run(
        [sys.executable, "-c", f"task_code = {code!r}\n{script}"], cwd=folder, text=True, capture_output=True,
        env={**os.environ, "PYTHONPATH": str(CLIENT / "src")}, timeout=120,
    )
    expect(f"the {len(blocks)} examples of the client's README run {done.stderr[-400:]}", done.returncode == 0)
    expect("and print a coefficient", "schooling" in done.stdout and "run.finished" in done.stdout)


def failing(service: Service) -> None:
    """A condition that leaves no rows: the freeze refuses it, and a run that is made nonetheless fails."""
    code = service.create_task_codes()[0].get("task_code") or ""
    with service.redeem(code, "q") as job:
        job.upload(PAY)
        job.state_draft(**OLS, sample_if="schooling > 1000")
        job.freeze(acknowledged_checks=[{"id": "no_obs", "reason": "a run that fails"}])
        try:
            job.run(wait=120)
            expect("a run without rows does not succeed", False)
        except RunFailed as failed:
            expect("a run without rows is an exception with its cause", failed.run.get("cause") == "data_error")


def types_and_models(document: Path, folder: Path) -> None:
    subprocess.run([sys.executable, str(CLIENT / "generate.py"), "--check", str(document)], check=True)
    expect("the client's types are those of the document", True)
    subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", "--cache-dir", str(folder / "mypy"),
         "src", "generate.py"], cwd=CLIENT, check=True,
    )
    expect("the client type-checks strictly", True)


def started(command: list[str], environment: dict[str, str]) -> tuple[subprocess.Popen[str], str]:
    """Starts a program that prints its address when it is ready; returns both."""
    process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True)
    atexit.register(process.kill)
    assert process.stdout is not None
    return process, "http://" + json.loads(process.stdout.readline())["address"]


def model_of(simulator: str, folder: Path) -> tuple[subprocess.Popen[str], dict[str, str]]:
    """Starts a language model that needs longer than a request waits; returns it and the service's settings."""
    roles = [{"role": "outcome_var", "columns": ["log_pay"]}, {"role": "regressors", "columns": ["schooling", "years_work"]}]
    draft = {"draft_text": "Regress log_pay on schooling and years_work.", "question_kinds": ["effect"], "roles": roles,
             "categorical_vars": [], "interaction_terms": [], "derived_variables": [], "sample_if": None,
             "open_unknowns": [], "confidence": 0.8}
    choice = {"template_id": "linear.ols_robust", "rationale": "A numeric outcome.", "evidence": ["log_pay is numeric"],
              "roles": roles, "parameters": []}
    scripts = {"You choose the analysis template": choice, "state an empirical analysis": draft}
    text = "".join(f"[[scripts]]\ncontains = '{words}'\nanswers = ['''{json.dumps(answer)}''']\n" for words, answer in scripts.items())
    config = folder / "simulator.toml"
    config.write_text(f'keys = ["model-key"]\n[latency]\nfirst_token = {{ kind = "fixed", ms = 1500.0 }}\n{text}', "utf-8")
    model, address = started([simulator, "--listen", "127.0.0.1:0", "--config", str(config)], {})
    return model, {"SS_LLM__PROVIDER": "openai", "SS_LLM__BASE_URL": f"{address}/v1", "SS_LLM__API_KEY": "model-key",
                   "SS_LLM__MODEL": "simulated"}


def other(name: str, arguments: list[str], folder: Path) -> subprocess.Popen[bytes]:
    """Starts the check of another client; it runs while the Python client is checked."""
    script = Path(__file__).with_name(name)
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen([sys.executable, str(script), *arguments], stdout=log, stderr=subprocess.STDOUT)


def end_of(name: str, check: subprocess.Popen[bytes], folder: Path) -> bool:
    """Waits for another check and prints it; False if it could not be run here."""
    code = check.wait(600)
    print((folder / f"{name}.log").read_text("utf-8"), end="")
    if code not in {0, NOT_HERE}:
        sys.exit(f"clients: {name} ended with {code}")
    return code == 0


def main() -> None:
    program, simulator, tools = sys.argv[1:4]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model, settings = model_of(simulator, folder)
        service, address = started(
            [program, "serve", "--listen", "127.0.0.1:0", "--data-dir", str(folder / "data")],
            {**settings, "SS_BOOTSTRAP_ADMIN_KEY": KEY, "SS_LOG": "warn", "SS_DISK__LOW_MB": "0"},
        )
        others: dict[str, subprocess.Popen[bytes]] = {}
        try:
            document = folder / "openapi.json"
            document.write_bytes(httpx.get(f"{address}/v1/openapi.json", timeout=60).content)
            others["clients_r.py"] = other("clients_r.py", [tools, address, KEY, str(document)], folder)
            others["clients_stata.py"] = other("clients_stata.py", [program, address, KEY], folder)
            types_and_models(document, folder)
            journey(address, folder)
            broken_streams()
            readme_examples(address, folder)
            clients_python.run(expect, program, address, KEY, folder)
            complete = [end_of(check, others[check], folder) for check in others]
        finally:
            for check in others.values():
                check.kill()
            service.terminate()
            code = service.wait(30)
            model.terminate()
            model.wait(30)
    expect("the service ended in order", code == 0)
    sys.exit(0 if all(complete) else NOT_HERE)


if __name__ == "__main__":
    main()
