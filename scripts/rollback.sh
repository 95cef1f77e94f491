#!/usr/bin/env bash
# Returns to the release before, or to the one that --to names, and proves that it serves.
#   scripts/rollback.sh --driver host|helm [--to RELEASE]
# The signature is verified again. Data stay as they are: a release reads what the next one wrote, unless
# `stata-service migrate --finalize` was run in between (docs/upgrade.md). Exit codes: 0 back, 1 not back, 2 usage.
set -euo pipefail
# shellcheck source=scripts/release/common.sh
source "$(dirname "$0")/release/common.sh"

driver='' to=''
while [ $# -gt 0 ]; do
  case $1 in
    --driver) driver=$2; shift ;;
    --to) to=$2; shift ;;
    *) usage "$0" ;;
  esac
  shift
done
[ -n "$driver" ] || usage "$0"
load_driver "$driver"
[ -n "$to" ] || to=$(driver_previous)
if [ -z "$to" ]; then
  say "no release is known to return to: name one with --to"
  exit 1
fi
driver_verify "$to" || { say "refused: $to is not signed by us, or not what was signed"; exit 1; }

started=$SECONDS
say "rolling back from $(driver_current) to $to"
if driver_install "$to" && driver_reach \
  && "$scripts/smoke.sh" --url "$(driver_url)" --wait "${DEPLOY_READY_SECONDS:-90}"; then
  say "rolled back to $to in $((SECONDS - started)) s"
else
  say "$to does not serve: see docs/upgrade.md, and the newest backup"
  exit 1
fi
