#!/usr/bin/env bash
# Restores the latest backup into a new data directory and checks it.
# Usage: scripts/restore.sh DIR DATADIR [further options of `stata-service restore`]
#
# DIR is a repository, or holds one for each period; then the newest is taken, and BACKUP_GENERATION_NAME names
# another. With BACKUP_REMOTE it is fetched from there into DIR first. BACKUP_IDENTITY or BACKUP_PASSPHRASE
# name the file that opens an encrypted backup. scripts/backup.sh has the same variables.
set -euo pipefail

root=${1:?usage: scripts/restore.sh DIR DATADIR [options]}
data=${2:?usage: scripts/restore.sh DIR DATADIR [options]}
shift 2
program=${STATA_SERVICE:-stata-service}
remote=${BACKUP_REMOTE:-}
name=${BACKUP_GENERATION_NAME:-}
generations='^[0-9]{4}-(W[0-9]{2}|[0-9]{2}|[0-9]{2}-[0-9]{2})$'

# Prints the newest generation of a list of names, or nothing.
newest() {
  grep -E "$generations" | sort | tail -n 1 || true
}

if [ -n "$remote" ]; then
  [ -n "$name" ] || name=$(rclone lsf --dirs-only "$remote" | tr -d / | newest)
  rclone copy "$remote${name:+/$name}" "$root${name:+/$name}"
elif [ -z "$name" ] && [ ! -e "$root/repository.json" ]; then
  name=$(find "$root" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | newest)
fi
dir=$root${name:+/$name}

if [ -n "${BACKUP_IDENTITY:-}" ]; then
  set -- --identity "$BACKUP_IDENTITY" "$@"
elif [ -n "${BACKUP_PASSPHRASE:-}" ]; then
  set -- --passphrase-file "$BACKUP_PASSPHRASE" "$@"
fi
"$program" restore --from "$dir" --to "$data" "$@"
SS_DATA_DIR=$data "$program" store check --deep
