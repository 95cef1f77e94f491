#!/usr/bin/env bash
# Runs all tests with coverage and holds the gate: 70 % of lines overall, 80 % of each critical room. Writes
# target/coverage/report.json and the table of rooms. LLVM_COV and LLVM_PROFDATA name tools of another LLVM than rustup's.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=target/tools
if [ ! -x "$tools/bin/cargo-llvm-cov" ]; then
  cargo install -q --locked --debug --root "$tools" --version 0.9.1 cargo-llvm-cov
fi
[ -n "${LLVM_COV:-}" ] || rustup component add llvm-tools
mkdir -p target/coverage
PATH="$PWD/$tools/bin:$PATH" cargo llvm-cov --workspace --locked --json --summary-only \
  --output-path target/coverage/report.json
python3 scripts/checks/coverage_gate.py target/coverage/report.json | tee target/coverage/rooms.txt
