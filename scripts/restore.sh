#!/usr/bin/env bash
# Restores the latest backup into a new data directory and checks it.
# Usage: scripts/restore.sh DIR DATADIR [further options of `stata-service restore`]
set -euo pipefail

dir=${1:?usage: scripts/restore.sh DIR DATADIR [options]}
data=${2:?usage: scripts/restore.sh DIR DATADIR [options]}
shift 2
program=${STATA_SERVICE:-stata-service}

"$program" restore --from "$dir" --to "$data" "$@"
SS_DATA_DIR=$data "$program" store check --deep
