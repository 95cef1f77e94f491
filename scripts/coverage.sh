#!/usr/bin/env bash
# Runs all tests with coverage and holds the gate: 70 % of lines overall, 80 % of each critical room. Writes
# target/coverage/report.json and the table of rooms, also when a test failed. Processes that the tests start count as
# well, but for those that get no environment: launchers, engines and readers of tables.
# LLVM_COV and LLVM_PROFDATA name tools of another LLVM than rustup's; CARGO another cargo.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo=${CARGO:-cargo} tools=target/tools status=0
if [ ! -x "$tools/bin/cargo-llvm-cov" ]; then
  "$cargo" install -q --locked --debug --root "$tools" --version 0.9.1 cargo-llvm-cov
fi
[ -n "${LLVM_COV:-}" ] || rustup component add llvm-tools
export PATH="$PWD/$tools/bin:$PATH"
mkdir -p target/coverage

"$cargo" llvm-cov clean --workspace --profraw-only
"$cargo" llvm-cov --workspace --locked --no-clean --no-report --no-fail-fast || status=$?
"$cargo" llvm-cov report --json --summary-only --output-path target/coverage/report.json
python3 scripts/checks/coverage_gate.py target/coverage/report.json | tee target/coverage/rooms.txt
[ "$status" = 0 ] || { echo "tests failed under coverage" >&2; exit "$status"; }
