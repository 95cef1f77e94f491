#!/usr/bin/env bash
# Plays the service manager for tests of the release scripts: one process, started from ROOT/current, ended with
# SIGTERM and, after a bound, with SIGKILL.
#   unit.sh restart|stop ROOT      settings come from ROOT/environment
set -euo pipefail
root=$2
pidfile="$root/unit.pid"

stop() {
  [ -f "$pidfile" ] || return 0
  local pid
  pid=$(cat "$pidfile")
  rm -f "$pidfile"
  kill -TERM "$pid" 2>/dev/null || return 0
  for _ in $(seq 300); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "$pid" 2>/dev/null || true
}

stop
[ "$1" = stop ] && exit 0
set -a
# shellcheck source=/dev/null
source "$root/environment"
set +a
setsid "$root/current/stata-service" serve >>"$root/unit.log" 2>&1 </dev/null &
echo $! >"$pidfile"
