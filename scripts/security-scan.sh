#!/usr/bin/env bash
# Scans what can carry a weakness into a release; every finding ends with 1.
#   security-scan.sh dependencies       licences, bans, sources, advisories (cargo-deny), bill of materials
#   security-scan.sh secrets [FILE…]    new secrets in the repository, or in files (detect-secrets)
#   security-scan.sh workflows [FILE…]  workflows of .github, or files (actionlint, zizmor)
#   security-scan.sh image IMAGE        critical findings of a local image (Trivy, by Docker)
set -euo pipefail
cd "$(dirname "$0")/.."

tools=target/tools
trivy=aquasec/trivy@sha256:62b1e65e8869bc4b4c6aa4fa2b21595256c7c2f6018a9d9ad61caf87187c1969 # 0.74.0

workflows() {
  # shellcheck source=scripts/checks/delivery/tools.sh
  source scripts/checks/delivery/tools.sh
  delivery_python
  delivery_npm
  local files=("$@")
  [ $# -gt 0 ] || files=(.github/workflows/*.yml)
  node scripts/checks/delivery/workflows.mjs "$tools/delivery-npm/node_modules" "${files[@]}"
  # dependabot.yml is checked as well
  [ $# -gt 0 ] || files=(.github)
  "$tools/delivery/bin/zizmor" --offline --no-progress --quiet "${files[@]}"
}

image() {
  docker run --rm --volume /var/run/docker.sock:/var/run/docker.sock:ro "$trivy" image --exit-code 1 \
    --severity CRITICAL --ignore-unfixed --scanners vuln,secret "$1"
}

case ${1:-} in
  dependencies | secrets) scripts/checks/supply_chain "$@" ;;
  workflows | image) "$@" ;;
  *) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
