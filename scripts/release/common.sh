# shellcheck shell=bash
# What deploy.sh, canary.sh and rollback.sh share. A driver is a file drivers/NAME.sh with these functions:
#   driver_verify RELEASE         signature and contents of a release; no change
#   driver_current                prints the release that is installed; empty: none
#   driver_previous               prints the release that rollback returns to; empty: none
#   driver_install RELEASE        makes RELEASE the installed one and restarts the service
#   driver_reach                  makes the service reachable from here where it is not
#   driver_url                    prints the base URL of the service
#   driver_backup DIR             backs the data up into DIR
#   driver_canary_start RELEASE   starts RELEASE next to the service, with separate data
#   driver_canary_url             prints the base URL of the canary
#   driver_canary_stop            ends the canary and removes its data; harmless without one

scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s %s\n' "$(date -u +%H:%M:%SZ)" "$*"; }

usage() { # the comment at the head of a script
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$1"
  exit 2
}

# The command line of a script that takes a release: sets driver, release, expect (words for smoke.sh) and, where
# SECONDS is given as the script's default, seconds. Loads the driver.
# shellcheck disable=SC2034 # the scripts read them
release_options() { # SCRIPT [SECONDS] -- ARGUMENT…
  local script=$1
  shift
  driver="" release="" expect=() seconds=""
  [ "$1" = -- ] || { seconds=$1; shift; }
  shift
  while [ $# -gt 0 ]; do
    case $1 in
      --driver | --expect-version) [ $# -gt 1 ] || usage "$script" ;;&
      --driver) driver=$2; shift ;;
      --expect-version) expect=(--expect-version "$2"); shift ;;
      --seconds) [ -n "$seconds" ] && [ $# -gt 1 ] || usage "$script"; seconds=$2; shift ;;
      -*) usage "$script" ;;
      *) release=$1 ;;
    esac
    shift
  done
  [ -n "$driver" ] && [ -n "$release" ] || usage "$script"
  load_driver "$driver"
}

load_driver() {
  # no other local variable: a driver that is sourced here sets its own
  local driver_file="$scripts/release/drivers/${1:?no driver}.sh"
  if [ ! -f "$driver_file" ]; then
    echo "no such driver: $1 (there are: $(cd "$scripts/release/drivers" && echo *.sh | sed 's/\.sh//g'))" >&2
    exit 2
  fi
  # shellcheck source=/dev/null
  source "$driver_file"
}
