#!/usr/bin/env bash
# Makes a backup and verifies it. Usage: scripts/backup.sh DIR [further options of `stata-service backup`]
# The first backup into DIR is whole, later ones are incremental. Set SS_BACKUP_IDENTITY or
# SS_BACKUP_PASSPHRASE to a file that opens an encrypted backup, or it is not verified.
set -euo pipefail

dir=${1:?usage: scripts/backup.sh DIR [options]}
shift
program=${STATA_SERVICE:-stata-service}

if [ -e "$dir/repository.json" ]; then
  set -- --incremental "$@"
fi
"$program" backup --to "$dir" "$@"

if [ -n "${SS_BACKUP_IDENTITY:-}" ]; then
  "$program" backup verify --from "$dir" --identity "$SS_BACKUP_IDENTITY"
elif [ -n "${SS_BACKUP_PASSPHRASE:-}" ]; then
  "$program" backup verify --from "$dir" --passphrase-file "$SS_BACKUP_PASSPHRASE"
elif grep -q '"recipients": \[\]' "$dir/repository.json"; then
  "$program" backup verify --from "$dir"
else
  echo "the backup is encrypted and was not verified: name SS_BACKUP_IDENTITY or SS_BACKUP_PASSPHRASE" >&2
fi
