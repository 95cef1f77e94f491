#!/usr/bin/env bash
# Makes a backup and verifies it. Usage: scripts/backup.sh DIR [further options of `stata-service backup`]
#
# The first backup into a repository is whole, later ones are incremental. DIR is the repository, or holds one
# for each period:
#   BACKUP_GENERATION  day, week or month: begin a new repository DIR/<period> with each
#   BACKUP_KEEP        how many of these are kept (4); older ones are removed whole, here and at the remote
#   BACKUP_REMOTE      where rclone sends a copy, such as s3:bucket/stata-service
#   BACKUP_IDENTITY, BACKUP_PASSPHRASE
#                         file that opens an encrypted backup; without it an encrypted backup is not verified
#   BACKUP_VERIFY      0: leave the verification to another run
set -euo pipefail

root=${1:?usage: scripts/backup.sh DIR [options]}
shift
program=${STATA_SERVICE:-stata-service}
keep=${BACKUP_KEEP:-4}
remote=${BACKUP_REMOTE:-}
# names of generations, as `period` makes them
generations='^[0-9]{4}-(W[0-9]{2}|[0-9]{2}|[0-9]{2}-[0-9]{2})$'

period() {
  case ${BACKUP_GENERATION:-} in
    '') echo . ;;
    day) date -u +%Y-%m-%d ;;
    week) date -u +%G-W%V ;;
    month) date -u +%Y-%m ;;
    *)
      echo "BACKUP_GENERATION is day, week or month" >&2
      return 2
      ;;
  esac
}

# Prints the generations of a list of names but the newest $keep, in the order of their names.
outdated() {
  grep -E "$generations" | sort | head -n "-$keep" || true
}

verify() {
  if [ "${BACKUP_VERIFY:-1}" = 0 ]; then
    return
  elif [ -n "${BACKUP_IDENTITY:-}" ]; then
    "$program" backup verify --from "$dir" --identity "$BACKUP_IDENTITY"
  elif [ -n "${BACKUP_PASSPHRASE:-}" ]; then
    "$program" backup verify --from "$dir" --passphrase-file "$BACKUP_PASSPHRASE"
  elif grep -q '"recipients": \[\]' "$dir/repository.json"; then
    "$program" backup verify --from "$dir"
  else
    echo "the backup is encrypted and was not verified: name BACKUP_IDENTITY or BACKUP_PASSPHRASE" >&2
  fi
}

# Contents go first and manifests last: a manifest at the remote never names what is not there yet.
send() {
  local to=$remote
  [ "$generation" = . ] || to=$remote/$generation
  rclone copy --size-only "$dir/blobs" "$to/blobs"
  rclone copy --exclude '/blobs/**' --exclude '/snapshots/**' "$dir" "$to"
  rclone copy "$dir/snapshots" "$to/snapshots"
}

case $keep in
  '' | *[!0-9]* | 0)
    echo "BACKUP_KEEP is a number of 1 or more" >&2
    exit 2
    ;;
esac
generation=$(period)
dir=$root
[ "$generation" = . ] || dir=$root/$generation

mkdir -p "$root"
if [ -e "$dir/repository.json" ]; then
  set -- --incremental "$@"
fi
"$program" backup --to "$dir" "$@"
verify
[ -z "$remote" ] || send

# Only now, with a whole backup in the newest generation, may old ones go.
if [ "$generation" != . ]; then
  find "$root" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | outdated | while read -r old; do
    rm -rf "${root:?}/$old"
    echo "removed $old"
  done
  if [ -n "$remote" ]; then
    rclone lsf --dirs-only "$remote" | tr -d / | outdated | while read -r old; do
      rclone purge "$remote/$old"
      echo "removed $old at the remote"
    done
  fi
fi
