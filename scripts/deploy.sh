#!/usr/bin/env bash
# Replaces the running release and returns to the one before when the new one is bad.
#   scripts/deploy.sh --driver host|helm [--expect-version V] RELEASE
# Steps: signature, backup (where DEPLOY_BACKUP_DIR is set), replacement, smoke test, and rollback if that fails.
# The smoke test may wait DEPLOY_READY_SECONDS (default 90) for readiness; all together the service is back within
# five minutes. Exit codes: 0 deployed, 1 refused or rolled back, 2 usage, 3 the rollback failed too.
set -euo pipefail
# shellcheck source=scripts/release/common.sh
source "$(dirname "$0")/release/common.sh"

release_options "$0" -- "$@"

if ! driver_verify "$release"; then
  say "refused: $release is not signed by us, or not what was signed; nothing was changed"
  exit 1
fi
before=$(driver_current)
say "deploying $release over ${before:-nothing}"
if [ -n "${DEPLOY_BACKUP_DIR:-}" ] && [ -n "$before" ]; then
  if ! driver_backup "$DEPLOY_BACKUP_DIR"; then
    say "refused: no backup could be made; nothing was changed"
    exit 1
  fi
fi

started=$SECONDS
if driver_install "$release" && driver_reach \
  && "$scripts/smoke.sh" --url "$(driver_url)" --wait "${DEPLOY_READY_SECONDS:-90}" "${expect[@]}"; then
  say "deployed $release in $((SECONDS - started)) s"
  exit 0
fi
say "$release is bad: found after $((SECONDS - started)) s"
[ -n "$before" ] || { say "there is nothing to return to"; exit 3; }
"$scripts/rollback.sh" --driver "$driver" --to "$before" || exit 3
say "bad release out of service after $((SECONDS - started)) s"
exit 1
