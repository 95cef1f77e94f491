# shellcheck shell=bash disable=SC2154  # common.sh sets scripts
# Releases in a Kubernetes cluster by the chart of deploy/helm. A release is an image by digest:
# ghcr.io/OWNER/stata-service@sha256:….
#   DEPLOY_NAME        name of the Helm release; default stata-service
#   DEPLOY_NAMESPACE   default stata-service
#   DEPLOY_VALUES      file of values of the environment; default: those of the chart
#   DEPLOY_URL         base URL of the service from here; default: a port-forward to it
#   HELM, KUBECTL      programs; default helm, kubectl

installed=${DEPLOY_NAME:-stata-service}
namespace=${DEPLOY_NAMESPACE:-stata-service}
chart="$scripts/../deploy/helm"

helm_() { "${HELM:-helm}" --namespace "$namespace" "$@"; }
kubectl_() { "${KUBECTL:-kubectl}" --namespace "$namespace" "$@"; }

driver_verify() {
  case $1 in
    *@sha256:????????????????????????????????????????????????????????????????) ;;
    *) echo "an image is deployed by its digest only: $1" >&2; return 1 ;;
  esac
  "$scripts/cosign-verify.sh" image "$1"
}

image_of() { # the image of a revision's values, empty where there is none
  { helm_ get values "$installed" "$@" -o json 2>/dev/null || true; } | python3 -c '
import json, sys
text = sys.stdin.read().strip()
image = (json.loads(text) or {}).get("image", {}) if text else {}
if image.get("digest"):
    print(image["repository"] + "@" + image["digest"])'
}

driver_current() { image_of; }

driver_previous() {
  local revision
  revision=$({ helm_ history "$installed" -o json 2>/dev/null || true; } | python3 -c '
import json, sys
text = sys.stdin.read().strip()
done = [r["revision"] for r in json.loads(text) if r["status"] == "superseded"] if text else []
print(done[-1] if done else "")')
  [ -z "$revision" ] || image_of --revision "$revision"
}

release_chart() { # NAME IMAGE further options of helm upgrade
  local release=$1 image=$2
  shift 2
  local values=()
  [ -z "${DEPLOY_VALUES:-}" ] || values=(--values "$DEPLOY_VALUES")
  helm_ upgrade --install "$release" "$chart" "${values[@]}" --set-string "fullnameOverride=$release" \
    --set-string "image.repository=${image%@*}" --set-string "image.digest=${image#*@}" "$@"
}

rolled_out() { # NAME IMAGE further options; fails where the pod before may still be the one that answers
  release_chart "$@" || { say "helm failed"; return 1; }
  kubectl_ rollout status "statefulset/$1" --timeout "${DEPLOY_ROLLOUT_TIMEOUT:-120s}" \
    || { say "the rollout did not end"; return 1; }
}

driver_install() {
  rolled_out "$installed" "$1"
}

forward() { # NAME PORT: a port-forward that ends with this script
  kubectl_ port-forward "service/$1" "$2:http" >/dev/null 2>&1 &
  forwards+=($!)
}
forwards=()

driver_url() { echo "${DEPLOY_URL:-http://127.0.0.1:18081}"; }
driver_reach() { [ -n "${DEPLOY_URL:-}" ] || forward "$installed" 18081; }
driver_backup() { # $1: a folder of the pod
  # shellcheck disable=SC2016  # the pod's shell expands it
  kubectl_ exec "statefulset/$installed" -- sh -c \
    'if [ -e "$1/repository.json" ]; then set -- "$1" --incremental; fi; stata-service backup --to "$@"' sh "$1"
}

driver_canary_start() {
  rolled_out "$installed-canary" "$1" --values "$chart/ci/canary.yaml" || return 1
  [ -n "${DEPLOY_CANARY_URL:-}" ] || forward "$installed-canary" 18080
}

driver_canary_url() { echo "${DEPLOY_CANARY_URL:-http://127.0.0.1:18080}"; }
driver_canary_stop() { helm_ uninstall "$installed-canary" --wait --ignore-not-found >/dev/null; }
