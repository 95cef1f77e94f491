#!/usr/bin/env bash
# Puts load on a running service by performance/k6/script.js and keeps the figures.
#   BASE_URL=https://… ADMIN_KEY_FILE=… scripts/load-test.sh [PROFILE [OUT]]      (default: load, artifacts/load-tests)
# Writes OUT/summary.json (p95, p99, error rate, thresholds) and OUT/summary.txt. Ends with 99 when a threshold is
# crossed. K6 names the program.
set -euo pipefail
cd "$(dirname "$0")/.."

profile=${1:-load} out=${2:-artifacts/load-tests}
mkdir -p "$out"
if [ -n "${ADMIN_KEY_FILE:-}" ]; then
  ADMIN_KEY=$(cat "$ADMIN_KEY_FILE")
  export ADMIN_KEY
fi
export PROFILE=$profile SUMMARY="$out/summary.json" K6_NO_USAGE_REPORT=true
"${K6:-k6}" run --quiet performance/k6/script.js | tee "$out/summary.txt"
