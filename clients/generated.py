"""What the generators of the clients share: what to do about an error, and how generated files are written or compared."""

from __future__ import annotations

import re
import sys
from pathlib import Path


# What to do about codes of which docs/errors.md speaks in the words of requests; `{name}` is the call of a client.
IN_CALLS = {
    "INPUT_VALIDATION_FAILED": "Correct the listed fields ({patch}), or put one of `repairs` into `data_steps`. A `check` can be "
    "acknowledged with a reason: {acknowledge}.",
    "JOB_LOCKED": "{revise} opens the draft again; earlier plans and runs stay. While a run is under way, wait for its end or {cancel}. "
    "For a cell, change the job of the batch and make another batch.",
    "JOB_ILLEGAL_TRANSITION": "{revise} opens the draft of a frozen plan again; earlier plans and runs stay. {cancel} ends a run that is "
    "under way. {status} has the state of the job.",
    "INPUTS_MISSING": "Upload the data: {upload}. If they are being read, wait; if the reading was interrupted or cancelled, upload them again.",
    "DRAFT_NOT_FOUND": "Submit one: {state}, or {suggest} for the draft of the rules.",
    "DRAFT_CONFIRM_BLOCKED": "Answer the open questions: {patch}.",
    "PLAN_FREEZE_NOT_ALLOWED": "Submit the draft ({state} or {suggest}), then {freeze}. Where a plan is frozen already, {revise} first.",
    "PLAN_FREEZE_MISSING_REQUIRED": "Bind them: {patch}.",
    "PLAN_ALREADY_FROZEN_CONFLICT": "{revise} opens the draft again; earlier plans and runs stay.",
    "PLAN_OUTDATED": "{revise}, then {freeze}.",
    "PLAN_MISSING": "{freeze} freezes one.",
    "RUN_NOT_SUCCEEDED": "{run} waits for the end of a run that is under way, and runs the plan of a job that has none.",
    "LLM_NOT_CONFIGURED": "Submit the draft yourself: {state}, or {suggest} for the draft of the rules.",
    "LLM_DATA_SHARING_NONE": "Submit the draft yourself: {state}, or {suggest} for the draft of the rules, which asks no model.",
    "LLM_CALL_FAILED": "Request a new draft: {model}; or submit one: {state}.",
    "LLM_RESPONSE_INVALID": "Request a new draft: {model}; or submit one: {state}.",
}


def in_calls(advice: dict[str, str], calls: dict[str, str]) -> dict[str, str]:
    """The advice with the calls of a client in it."""
    unknown = set(IN_CALLS) - set(advice)
    assert not unknown, f"docs/errors.md has no {unknown}"
    return {code: IN_CALLS[code].format(**calls) if code in IN_CALLS else step for code, step in advice.items()}


def advice_of(text: str) -> dict[str, str]:
    """The error codes of docs/errors.md, each with the next step; empty where it has none."""
    advice = {}
    for section in re.split(r"(?m)^## ", text)[1:]:
        code, _, body = section.partition("\n")
        if re.fullmatch(r"[A-Z][A-Z0-9_]+", code):
            step = re.search(r"What to do: (.*?)(?:\n\n|\Z)", body, re.S)
            advice[code] = " ".join(step.group(1).split()) if step else ""
    return advice


def write_or_compare(files: dict[Path, str], root: Path) -> int:
    """Writes the files that differ; with --check names them instead, and returns 1 if there are any."""
    differing = 0
    for path, text in files.items():
        if path.exists() and path.read_text("utf-8") == text:
            continue
        if "--check" in sys.argv:
            print(f"{path.relative_to(root)} differs from its source: run generate.py", file=sys.stderr)
            differing += 1
        else:
            path.write_text(text, "utf-8")
    return 1 if differing else 0
