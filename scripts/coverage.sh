#!/usr/bin/env bash
# Runs all tests with coverage and holds the gate: 70 % of lines overall, 80 % of each critical room. Writes
# target/coverage/report.json and the table of rooms. Processes that the tests start count as well, but for those that get no
# environment: launchers, engines and readers of tables. Whether tests pass is decided by scripts/test: instrumented programs
# are slow and leave profiles in working directories, so a failed test is only reported here.
# LLVM_COV and LLVM_PROFDATA name tools of another LLVM than rustup's; CARGO another cargo.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo=${CARGO:-cargo} tools=target/tools
if [ ! -x "$tools/bin/cargo-llvm-cov" ]; then
  "$cargo" install -q --locked --debug --root "$tools" --version 0.9.1 cargo-llvm-cov
fi
[ -n "${LLVM_COV:-}" ] || rustup component add llvm-tools
export PATH="$PWD/$tools/bin:$PATH"
mkdir -p target/coverage
# profiles of programs without an environment, in the working directories that they had
trap 'find / . crates/* tests/llm-simulator -maxdepth 1 -name "default_*.profraw" -delete' EXIT

"$cargo" llvm-cov clean --profraw-only
"$cargo" llvm-cov --workspace --locked --no-clean --ignore-run-fail --json --summary-only \
  --output-path target/coverage/report.json 2>&1 | tee target/coverage/tests.log
grep -E '^test .* FAILED$' target/coverage/tests.log >target/coverage/failed.txt || true
[ ! -s target/coverage/failed.txt ] || { echo "failed under coverage:"; cat target/coverage/failed.txt; }
python3 scripts/checks/coverage_gate.py target/coverage/report.json | tee target/coverage/rooms.txt
