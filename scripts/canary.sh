#!/usr/bin/env bash
# Runs a release next to the service, on separate data, and judges it before anybody depends on it.
#   scripts/canary.sh --driver host|helm [--seconds N] [--expect-version V] RELEASE
# Steps: signature, start with the settings of the service, smoke test, N seconds (default 300) of requests with at
# most 1 % failures and a 95th percentile of at most 500 ms. The canary is ended in every case; the service itself is
# not touched. It takes no share of the traffic: one process owns one data directory (docs/upgrade.md).
# Exit codes: 0 good, 1 refused or bad, 2 usage.
set -euo pipefail
# shellcheck source=scripts/release/common.sh
source "$(dirname "$0")/release/common.sh"

release_options "$0" 300 -- "$@"

if ! driver_verify "$release"; then
  say "refused: $release is not signed by us, or not what was signed; nothing was started"
  exit 1
fi
trap driver_canary_stop EXIT
started=$SECONDS
if driver_canary_start "$release" \
  && "$scripts/smoke.sh" --url "$(driver_canary_url)" --wait "${DEPLOY_READY_SECONDS:-90}" --watch "$seconds" "${expect[@]}"; then
  say "the canary of $release is good after $((SECONDS - started)) s"
else
  say "the canary of $release is bad: stopped after $((SECONDS - started)) s"
  exit 1
fi
