#!/usr/bin/env bash
# Signs a release.
#   scripts/cosign-sign.sh release DIR          writes DIR/release.json (name, size and SHA-256 of every file) and signs it
#   scripts/cosign-sign.sh image REF@sha256:…   signs an image in its registry; needs cosign
# With SIGNING_KEY (an EC P-256 private key, PEM) the signature of a folder is release.json.sig: ECDSA over SHA-256 in
# base64, which cosign and openssl both verify. Without it cosign signs keyless with the identity of the workflow, and
# the signature with its certificate and its entry in the transparency log is release.json.bundle.
# RELEASE_VERSION and RELEASE_COMMIT go into release.json.
set -euo pipefail

usage() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 2; }
[ $# = 2 ] || usage

manifest() { # what the release consists of
  python3 - "$1" <<'PY'
import hashlib, json, os, sys
folder = sys.argv[1]
left_out = ("release.json", "release.json.sig", "release.json.bundle")
files = []
for name in sorted(os.listdir(folder)):
    if name in left_out:
        continue
    path = os.path.join(folder, name)
    if not os.path.isfile(path) or os.path.islink(path):
        sys.exit(f"a release has plain files only: {path}")
    with open(path, "rb") as file:
        files.append({"name": name, "bytes": os.path.getsize(path),
                      "sha256": hashlib.file_digest(file, "sha256").hexdigest()})
if not files:
    sys.exit(f"no files in {folder}")
document = {"version": os.environ.get("RELEASE_VERSION", "unknown"),
            "commit": os.environ.get("RELEASE_COMMIT", "unknown"), "files": files}
with open(os.path.join(folder, "release.json"), "w", encoding="utf-8") as out:
    json.dump(document, out, indent=1)
    out.write("\n")
PY
}

case $1 in
  release)
    manifest "$2"
    rm -f "$2/release.json.sig" "$2/release.json.bundle"
    if [ -n "${SIGNING_KEY:-}" ]; then
      openssl dgst -sha256 -sign "$SIGNING_KEY" "$2/release.json" | openssl base64 -A >"$2/release.json.sig"
    else
      cosign sign-blob --yes --bundle "$2/release.json.bundle" "$2/release.json" >/dev/null
    fi
    echo "signed: $2"
    ;;
  image)
    case $2 in *@sha256:*) ;; *) echo "an image is signed by its digest: $2" >&2; exit 2 ;; esac
    if [ -n "${SIGNING_KEY:-}" ]; then
      cosign sign --yes --key "$SIGNING_KEY" "$2"
    else
      cosign sign --yes "$2"
    fi
    ;;
  *) usage ;;
esac
