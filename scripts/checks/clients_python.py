"""The Python client where people work: progress, frames, pictures, errors, awaiting, resuming, the notebook."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import subprocess
import sys
import time
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx
import nbformat
from jupyter_client.manager import KernelManager
from clients_network import Expect, pages, raised, redirected, repeating
from nbclient import NotebookClient
from stata_service import (
    AsyncJob,
    AsyncService,
    Conflict,
    Job,
    NotAuthorized,
    NotRunYet,
    PlanWarning,
    Progress,
    RunCancelled,
    RunFailed,
    RunUnderWay,
    Service,
    TookTooLong,
)

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "clients" / "python"
PAY = ROOT / "assets/stata_do_library/datasets/pay.csv"
OLS = {"template_id": "linear.ols_robust", "outcome_var": "log_pay", "roles": {"regressors": ["schooling"]}}


def task_code(address: str, key: str) -> str:
    with Service(address, key) as service:
        return service.create_task_codes()[0].get("task_code") or ""


def progress_and_frames(expect: Expect, address: str, key: str, folder: Path) -> None:
    """A journey with a function as the bar, and its results as frames and pictures."""
    seen: list[Progress] = []
    with Service(address, progress=seen.append).redeem(task_code(address, key), "q") as job:
        try:
            job.freeze()
            expect("a freeze without a draft is refused", False)
        except Conflict as problem:
            expect("an error is typed and has the service's code and advice",
                   problem.code == "PLAN_FREEZE_NOT_ALLOWED" and problem.advice in str(problem) and problem.advice)
        job.upload(PAY)
        sent = [p for p in seen if p.phase == "upload"]
        expect("an upload is counted to its last byte", sent[-1].done == sent[-1].total and sent[-1].ended)
        expect("and stays within its total", all(p.share is not None and p.share <= 1 for p in sent))
        job.state_draft(**OLS)
        job.freeze()
        job.run(wait=120)
        expect("a run is shown to its end", seen[-1].phase == "run" and seen[-1].ended)
        whole = job.capsule(folder / "shown.zip").stat().st_size
        expect("a download is shown to its end", (seen[-1].phase, seen[-1].done, seen[-1].ended) == ("download", whole, True))
        outcome = job.outcome()
        rows = {row["term"]: row for row in job.results()}
        slope = f"{rows['schooling']['estimate']:.5f}"
        said = job.findings(decimals=5)["findings"][0]
        expect("the findings are sentences with the run's numbers, each with its table",
               f"log_pay is on average {slope} higher" in said["text"] and said["file"] == "table_coefficients.csv")
        compared = job.compare_runs()
        expect("the runs of a job stand side by side",
               list(compared.points["estimate"]) == [rows["schooling"]["estimate"]] and repr(compared) == "Comparison(columns 1; term schooling; estimates 1)")
        expect("in Chinese as well", any("平均高" in text for text in job.outcome(png=False, language="zh").findings))
    expect("they stand above the numbers in a notebook", f"<li>{outcome.findings[0][:20]}" in outcome._repr_html_())
    frame = outcome.coefficients
    expect("coefficients are a frame with the run's numbers",
           list(frame.index) == list(rows) and frame.loc["schooling", "estimate"] == rows["schooling"]["estimate"])
    expect("the fit is a frame of one row", len(outcome.fit) == 1 and outcome.fit["n_used"].iloc[0] > 0)
    table = outcome.tables["table_coefficients"]
    expect("a table is a frame", "schooling" in set(table.frame["term"]))
    expect("and is shown inline", "<td>schooling</td>" in table._repr_html_())
    figure = outcome.figures["fig_coef_plot"]
    expect("a figure is an image for a notebook", (figure._repr_png_() or b"").startswith(b"\x89PNG"))
    points = [row for row in figure.data.frame.to_dict("records") if row["mark"] == "point"]
    drawn = {rows[term]["estimate"] for term in rows if term != "_cons"}
    expect("with the data behind it", {row["x"] for row in points} == drawn and len(points) == len(drawn))


def no_results(expect: Expect, address: str, key: str) -> None:
    """What a job says that has no results: before, during and after a run without success."""
    with Service(address).redeem(task_code(address, key), "q") as job:
        reads: list[Callable[[], object]] = [
            job.results, job.outcome, job.findings, job.compare_runs, lambda: list(job.follow_log()), lambda: job.render(["pdf"]),
        ]
        said = [raised(NotRunYet, read) for read in reads]
        expect("a job without data that has not run says so and names the next call", all("job.upload(" in text for text in said), said)
        job.upload(("wide.csv", b"y,x\n" + b"".join(b"%d,%d\n" % (i * 7919 % 1009, i * 31 % 97) for i in range(40_000))))
        job.state_draft(template_id="linear.quantile", outcome_var="y", roles={"regressors": ["x"]},
                        parameters={"bootstrap": True, "reps": 1000, "seed": 1})
        expect("and the freeze, once there is a draft", "job.freeze()" in raised(NotRunYet, job.results))
        job.freeze()
        expect("and the run, once there is a plan", "job.run()" in raised(NotRunYet, job.results))
        raised(TookTooLong, lambda: job.run(wait=1.0))
        said = [raised(RunUnderWay, read) for read in (job.results, job.outcome, job.findings, job.compare_runs)]
        expect("a run under way has not failed", all("under way" in text and "job.cancel()" in text for text in said), said)
        job.cancel()
        while job.view()["status"] in {"queued", "running"}:
            time.sleep(0.1)
        said = [raised(RunCancelled, read) for read in (job.results, job.outcome, job.compare_runs)]
        expect("a cancelled run has not failed and shows no lines of its log",
               all("was cancelled" in text and "Break" not in text and "r(1)" not in text for text in said), said)
    with Service(address).redeem(task_code(address, key), "q") as job:
        job.upload(PAY)
        job.state_draft(**OLS, sample_if="schooling > 1000")
        job.freeze(acknowledged_checks=[{"id": "no_obs", "reason": "a run that fails"}])
        failed = raised(RunFailed, lambda: job.run(wait=120))
        expect("a failed run has its cause and its check, and no line for programs",
               "failed: data_error" in failed and "no_obs: " in failed and "SS_EVENT" not in failed, failed)
        expect("and its numbers are no results", raised(RunFailed, job.results) == failed)


def own_words(expect: Expect, address: str, key: str) -> None:
    """Errors name the calls of this client; a plan's warnings are warnings; categories keep their names."""
    rows = "row,y,x\n" + "".join(f"{1000 + r},{r * 37 % 29},{r * 13 % 17}\n" for r in range(240))
    with warnings.catch_warnings(record=True) as seen:
        for _ in range(2):
            with Service(address).redeem(task_code(address, key), "q") as job:
                job.upload(("rows.csv", rows.encode()))
                # each cluster has one row
                job.state_draft(template_id="linear.ols_cluster", outcome_var="y", roles={"regressors": ["x"], "cluster_var": "row"})
                job.freeze()
    ours = [w for w in seen if isinstance(w.message, PlanWarning)]
    expect("a freeze shows what the preview warns of, for each plan",
           [w.message.check["id"] for w in ours if isinstance(w.message, PlanWarning)].count("clusters_of_one") == 2, [str(w.message) for w in ours])
    expect("where it was called", all(w.filename == __file__ for w in ours))
    with Service(address).redeem(task_code(address, key), "q") as job:
        names = ["None", "NA", "nan", "null", "primary"]
        rows = "".join(f"{names[i % 5]},{i}\n" for i in range(60))
        job.upload(("none.csv", f"edu,x\n{rows}".encode()))
        job.state_draft(template_id="desc.frequency", roles={"item_vars": ["edu"]})
        job.freeze()
        job.run(wait=120)
        table = job.outcome(png=False).tables["table_frequencies"]
        at = table.rows[0].index("value")
        expect("a category keeps its name in a frame",
               list(table.frame["value"].fillna("")) == [row[at] for row in table.rows[1:]] and "None" in set(table.frame["value"]), table.rows)
        said = raised(Conflict, lambda: job.state_draft(**OLS))
        expect("an error names the calls of this client", "job.revise()" in said and "POST" not in said, said)
        job.revise()
        expect("which help", job.view()["status"] == "draft_ready")
    with Service(address).redeem(task_code(address, key), "q") as job:
        job.upload(PAY)
        batch = job.batch(base=OLS, axes={"variance": [{"vce": "robust"}, {"vce": "cluster", "cluster_var": "region"}]})
        comparison = job.compare(batch["batch_id"], png=False)
        # pay.csv has four regions
        expect("a comparison has the warnings of its runs",
               len(comparison.warnings) == 1 and "cluster by region" in comparison.warnings[0] and "few_clusters: 4" in comparison.warnings[0], comparison.warnings)
        expect("and shows them", "few_clusters" in comparison._repr_html_() and "warnings 1" in repr(comparison))


def a_model(expect: Expect, address: str, key: str) -> None:
    """The draft of a language model that needs longer than a request waits."""
    seen: list[Progress] = []
    with Service(address, progress=seen.append).redeem(task_code(address, key), "What goes with higher pay?") as job:
        job.upload(PAY)
        draft = job.draft(wait=60)
        expect("the model's draft is waited for", "schooling" in str(draft.get("roles")))
        expect("and the waiting is shown", [p.ended for p in seen if p.phase == "draft"][-2:] == [False, True])


async def _awaited(expect: Expect, address: str, key: str, code: str) -> None:
    async with AsyncService(address, key) as service, await service.redeem(code, "q") as job:
        try:
            await service.job(job.job_id, job.token + "x").view()
            expect("a wrong token is refused", False)
        except NotAuthorized:
            pass
        await job.upload(PAY)
        await job.state_draft(**OLS)
        await job.freeze()
        run, names = await asyncio.gather(job.run(wait=120), _names(job.events()))
        expect("a job is run and followed at once", run["status"] == "succeeded" and names[-1] == "run.finished")
        lines = [line async for line in job.follow_log()]
        expect("the awaited client follows a log", len(lines) > 10)
        outcome = await job.outcome(png=False)
        expect("and has the same results", "schooling" in outcome.coefficients.index)


async def _names(events: object) -> list[str]:
    names = []
    async for event in events:  # type: ignore[attr-defined]
        names.append(event.name)
        if event.name == "run.finished":
            break
    return names


def awaiting(expect: Expect, address: str, key: str) -> None:
    asyncio.run(_awaited(expect, address, key, task_code(address, key)))
    methods = {name for name in dir(Job) if not name.startswith("_")}
    expect("both clients have the same methods", methods == {name for name in dir(AsyncJob) if not name.startswith("_")})


class Broken(Exception):
    """The caller's process ends here."""


def resuming(expect: Expect, address: str, key: str, folder: Path) -> None:
    """An upload in parts that breaks off continues in another process with the parts that are missing."""
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    large = folder / "large.csv"
    line = b"1," + b"2" * 4000 + b"\n"
    large.write_bytes(b"x,y\n" + line * ((66 << 20) // len(line)))
    with Service(address).redeem(task_code(address, key), "q") as job:
        pass

    def stop(progress: Progress) -> None:
        if progress.phase == "upload" and progress.done > 40 << 20:
            raise Broken

    with Job(address, job.job_id, job.token, progress=stop) as first:
        try:
            first.upload(large)
            expect("an upload breaks off", False)
        except Broken:
            pass
    script = (
        "import json, sys\nfrom stata_service import Job\nseen = []\n"
        "job = Job(*sys.argv[1:4], progress=lambda p: seen.append(p.done) if p.phase == 'upload' else None)\n"
        "print(json.dumps([job.upload(sys.argv[4])['row_count'], len(seen)]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, address, job.job_id, job.token, str(large)], text=True, capture_output=True,
        env={**os.environ, "PYTHONPATH": str(CLIENT / "src")}, timeout=120,
    )
    rows, steps = json.loads(done.stdout) if done.returncode == 0 else (0, 0)
    expect(f"another process completes it {done.stderr[-400:]}", rows == (66 << 20) // len(line))
    # a part on its way is counted in pieces of 256 KiB, a part that had arrived as one
    pieces = large.stat().st_size / (1 << 18)
    expect("without the parts that had arrived", 0 < steps < pieces * 0.6)
    expect("and nothing is noted on the client's machine", not (folder / "cache").exists())
    other_part(expect, address, key)


def other_part(expect: Expect, address: str, key: str) -> None:
    """A part that has arrived with other bytes of the same length is sent again."""
    with Service(address).redeem(task_code(address, key), "q") as job:
        headers = {"Authorization": f"Bearer {job.token}"}
        announced = {"filename": PAY.name, "size_bytes": PAY.stat().st_size, "role": "primary_dataset"}
        with httpx.Client(base_url=f"{address}/v1/", headers=headers) as http_client:
            bundle = http_client.post(f"jobs/{job.job_id}/inputs/bundle", json={"files": [announced]}).json()
            body = {"bundle_id": bundle["bundle_id"], "file_id": bundle["files"][0]["file_id"]}
            session = http_client.post(f"jobs/{job.job_id}/inputs/upload-sessions", json=body).json()
            other = b"x" * PAY.stat().st_size
            part = f"upload-sessions/{session['upload_session_id']}/parts/1"
            expect("another part arrives", http_client.put(part, content=other).status_code == 200)
        expect("a part with other bytes is sent again", job.upload(PAY, parts=True)["row_count"] == 800)


def terminal(expect: Expect, address: str, key: str) -> None:
    """A process whose standard error is a terminal shows a bar; one whose standard error is a file does not."""
    script = (
        "import sys\nfrom stata_service import Service\n"
        "with Service(sys.argv[1]).redeem(sys.argv[2], 'q') as job:\n    job.upload(sys.argv[3])\n"
    )
    command = [sys.executable, "-c", script, address, task_code(address, key), str(PAY)]
    environment = {**os.environ, "PYTHONPATH": str(CLIENT / "src")}
    ours, theirs = pty.openpty()
    done = subprocess.run(command, stderr=theirs, env=environment, timeout=60)
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    expect("a terminal shows a bar", done.returncode == 0 and "\rupload" in shown and "100%" in shown)
    silent = subprocess.run(command, stderr=subprocess.PIPE, env=environment, timeout=60)
    expect("a file does not", silent.returncode == 0 and silent.stderr == b"")


def notebook(expect: Expect, program: str, address: str, key: str, folder: Path) -> None:
    """The example from the question to the capsule, in a kernel."""
    book = nbformat.read(CLIENT / "examples" / "wages.ipynb", 4)
    os.environ.update(
        PYTHONPATH=str(CLIENT / "src"), STATA_SERVICE_URL=address, STATA_SERVICE_TASK_CODE=task_code(address, key),
        PAY_CSV=str(PAY), IPYTHONDIR=str(folder / "ipython"), JUPYTER_RUNTIME_DIR=str(folder / "jupyter"),
    )
    # sockets of the file system: no port is opened
    kernel = KernelManager(kernel_name="python3", transport="ipc", ip=str(folder / "kernel"))
    try:
        NotebookClient(book, km=kernel, timeout=180, resources={"metadata": {"path": str(folder)}}).execute()
    finally:
        kernel.shutdown_kernel(now=True)
    kinds = [set(output.get("data", {})) for cell in book.cells for output in cell.get("outputs", [])]
    shown = str([cell.get("outputs") for cell in book.cells])
    expect("the notebook shows bars, tables and a figure",
           "<progress" in shown and "<caption>table_fit" in shown and any("image/png" in kind for kind in kinds))
    with zipfile.ZipFile(folder / "pay-capsule.zip") as capsule:
        expect("and ends with a capsule", capsule.testzip() is None)
    verified = subprocess.run([program, "capsule", "verify", str(folder / "pay-capsule.zip")], capture_output=True)
    expect("that the program verifies", verified.returncode == 0)


def run(expect: Expect, program: str, address: str, key: str, folder: Path) -> None:
    progress_and_frames(expect, address, key, folder)
    no_results(expect, address, key)
    own_words(expect, address, key)
    terminal(expect, address, key)
    a_model(expect, address, key)
    awaiting(expect, address, key)
    repeating(expect, folder)
    pages(expect, folder)
    redirected(expect, folder)
    resuming(expect, address, key, folder)
    notebook(expect, program, address, key, folder)
