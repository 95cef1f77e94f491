#!/usr/bin/env bash
# Tests a running service from outside: probes, refusals and one whole analysis. Exits with 0 when all holds.
#   scripts/smoke.sh --url URL [--expect-version V] [--wait SECONDS] [--watch SECONDS]
# The admin key comes from SMOKE_ADMIN_KEY or the file SMOKE_ADMIN_KEY_FILE; without one the analysis is left
# out and the output says so. Options: scripts/smoke.sh --help.
set -euo pipefail
exec python3 "$(dirname "$0")/release/smoke.py" "$@"
