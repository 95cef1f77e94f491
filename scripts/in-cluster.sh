#!/usr/bin/env bash
# Runs a command with access to a cluster whose kubeconfig is the variable CLUSTER; the file is gone afterwards.
#   CLUSTER=… scripts/in-cluster.sh COMMAND …
set -euo pipefail
umask 077
KUBECONFIG=$(mktemp)
export KUBECONFIG
trap 'rm -f "$KUBECONFIG"' EXIT
printf '%s\n' "${CLUSTER:?the kubeconfig of the cluster is needed}" >"$KUBECONFIG"
unset CLUSTER
"$@"
