#!/usr/bin/env bash
# Verifies who signed a release and that it is what was signed. Exits with 1 when either does not hold.
#   scripts/cosign-verify.sh release DIR
#   scripts/cosign-verify.sh image REF@sha256:…
# With VERIFYING_KEY (PEM, the public half of SIGNING_KEY) by that key. Else keyless: SIGNER_IDENTITY is a regular
# expression for the workflow that may sign (https://github.com/OWNER/REPOSITORY/.github/workflows/release.yml@refs/tags/v.*),
# SIGNER_ISSUER the issuer of its identity (default: GitHub Actions).
set -euo pipefail

usage() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 2; }
[ $# = 2 ] || usage
issuer=${SIGNER_ISSUER:-https://token.actions.githubusercontent.com}

refuse() { echo "not verified: $*" >&2; exit 1; }

keyless() { # who must have signed
  [ -n "${SIGNER_IDENTITY:-}" ] || refuse "neither VERIFYING_KEY nor SIGNER_IDENTITY says who may sign"
  identity=(--certificate-identity-regexp "$SIGNER_IDENTITY" --certificate-oidc-issuer "$issuer")
}

contents() { # every file is there as listed, and no other
  python3 - "$1" <<'PY'
import hashlib, json, os, sys
folder = sys.argv[1]
with open(os.path.join(folder, "release.json"), encoding="utf-8") as file:
    listed = {f["name"]: f["sha256"] for f in json.load(file)["files"]}
here = set(os.listdir(folder)) - {"release.json", "release.json.sig", "release.json.bundle"}
for name in sorted(here | set(listed)):
    if name not in listed or name not in here:
        sys.exit(f"not verified: {name} is {'missing' if name in listed else 'not part of the release'}")
    with open(os.path.join(folder, name), "rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != listed[name]:
            sys.exit(f"not verified: {name} was changed after it was signed")
PY
}

case $1 in
  release)
    [ -f "$2/release.json" ] || refuse "no $2/release.json"
    if [ -n "${VERIFYING_KEY:-}" ]; then
      [ -f "$2/release.json.sig" ] || refuse "$2 has no signature"
      signature=$(mktemp)
      trap 'rm -f "$signature"' EXIT
      openssl base64 -d -A -in "$2/release.json.sig" -out "$signature"
      openssl dgst -sha256 -verify "$VERIFYING_KEY" -signature "$signature" "$2/release.json" >/dev/null 2>&1 \
        || refuse "the signature of $2 is not by this key"
    else
      [ -f "$2/release.json.bundle" ] || refuse "$2 has no keyless signature"
      keyless
      cosign verify-blob --bundle "$2/release.json.bundle" "${identity[@]}" "$2/release.json" >/dev/null || refuse "$2"
    fi
    contents "$2"
    echo "verified: $2"
    ;;
  image)
    case $2 in *@sha256:*) ;; *) refuse "an image without a digest can change: $2" ;; esac
    if [ -n "${VERIFYING_KEY:-}" ]; then
      cosign verify --key "$VERIFYING_KEY" "$2" >/dev/null || refuse "$2"
    else
      keyless
      cosign verify "${identity[@]}" "$2" >/dev/null || refuse "$2"
    fi
    echo "verified: $2"
    ;;
  *) usage ;;
esac
