# shellcheck shell=bash disable=SC2154  # common.sh sets scripts
# Releases on one host under systemd. A release is the name of a folder below $DEPLOY_ROOT/releases that holds the
# program, release.json and its signature (scripts/cosign-sign.sh makes them). The unit starts
# $DEPLOY_ROOT/current/stata-service.
#   DEPLOY_ROOT          default /opt/stata-service
#   DEPLOY_URL           default http://127.0.0.1:8080
#   DEPLOY_RESTART       default: systemctl restart stata-service
#   DEPLOY_ENVIRONMENT   settings of the unit, read for the canary; default /etc/stata-service/environment
#   DEPLOY_USER          user of the canary when root deploys; default stata-service
#   DEPLOY_CANARY_PORT   default 18080

root=${DEPLOY_ROOT:-/opt/stata-service}
canary_port=${DEPLOY_CANARY_PORT:-18080}
canary_state="$root/canary"

linked() { [ -L "$root/$1" ] && basename "$(readlink "$root/$1")" || true; }

driver_verify() { "$scripts/cosign-verify.sh" release "$root/releases/$1"; }
driver_current() { linked current; }
driver_previous() { linked previous; }
driver_url() { echo "${DEPLOY_URL:-http://127.0.0.1:8080}"; }
driver_reach() { :; }

point() { # LINK RELEASE: replaces the link in one step
  ln -sfn "releases/$2" "$root/$1.new" || return 1
  mv -T "$root/$1.new" "$root/$1"
}

driver_install() {
  local old
  old=$(driver_current)
  if [ -n "$old" ] && [ "$old" != "$1" ]; then point previous "$old" || return 1; fi
  point current "$1" || return 1
  # Where the old process stayed, it would pass the smoke test in the new one's name.
  bash -c "${DEPLOY_RESTART:-systemctl restart stata-service}" || { say "the restart command failed"; return 1; }
}

driver_backup() { (load_settings && STATA_SERVICE="$root/current/stata-service" "$scripts/backup.sh" "$1"); }

load_settings() { # the unit's settings, into the environment of a subshell
  local file=${DEPLOY_ENVIRONMENT:-/etc/stata-service/environment}
  set -a
  # shellcheck source=/dev/null
  [ ! -r "$file" ] || source "$file"
  set +a
}

driver_canary_start() {
  driver_canary_stop
  mkdir -p "$canary_state/data"
  local as=()
  if [ "$(id -u)" = 0 ] && id "${DEPLOY_USER:-stata-service}" >/dev/null 2>&1; then
    chown "${DEPLOY_USER:-stata-service}" "$canary_state/data"
    as=(setpriv --reuid "${DEPLOY_USER:-stata-service}" --regid "${DEPLOY_USER:-stata-service}" --init-groups)
  fi
  # exec, so that the process id is the one of the program
  (
    load_settings
    export SS_LISTEN="127.0.0.1:$canary_port" SS_DATA_DIR="$canary_state/data" SS_ON_SHUTDOWN=wait
    exec "${as[@]}" "$root/releases/$1/stata-service" serve >"$canary_state/log" 2>&1
  ) &
  echo $! >"$canary_state/pid"
}

driver_canary_url() { echo "http://127.0.0.1:$canary_port"; }

driver_canary_stop() {
  if [ -f "$canary_state/pid" ]; then
    local pid
    pid=$(cat "$canary_state/pid")
    kill -TERM "$pid" 2>/dev/null || true
    for _ in $(seq 150); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.2
    done
    kill -KILL "$pid" 2>/dev/null || true
  fi
  rm -rf "$canary_state"
}
