#!/usr/bin/env bash
# Makes one release out of the builds of scripts/release-build.sh.
#   release-publish.sh image IMAGE BUILDS    one index of all architectures, tagged and signed; prints and outputs its digest
#   release-publish.sh hosts BUILDS OUT      a signed folder for each architecture, as OUT/stata-service-VERSION-ARCH.tar.gz
#   release-publish.sh release TAG OUT       a GitHub release with these files and notes from the change log
# BUILDS holds build-ARCH/ folders. The version is the one of Cargo.toml; a tag that differs is refused.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

image() { # IMAGE BUILDS
  local name=${1,,} sources=() file digest
  for file in "$2"/build-*/digest-*; do sources+=("$name@$(cat "$file")"); done
  [ ${#sources[@]} -gt 0 ] || { echo "no builds in $2" >&2; exit 1; }
  docker login "${name%%/*}" --username token --password-stdin <<<"${REGISTRY_TOKEN:?}"
  docker buildx imagetools create --tag "$name:$version" "${sources[@]}"
  digest=$(docker buildx imagetools inspect "$name:$version" --format '{{.Manifest.Digest}}')
  scripts/cosign-sign.sh image "$name@$digest"
  echo "$name@$digest"
  if [ -n "${GITHUB_OUTPUT:-}" ]; then
    printf 'name=%s\ndigest=%s\n' "$name" "$digest" >>"$GITHUB_OUTPUT"
  fi
}

hosts() { # BUILDS OUT
  local build arch folder
  mkdir -p "$2"
  for build in "$1"/build-*; do
    arch=${build##*/build-}
    folder="$2/stata-service-$version-$arch"
    mkdir "$folder"
    install -m 0755 "$build/stata-service" "$folder/stata-service"
    cp "$build/sbom.cdx.json" LICENSE deploy/systemd/stata-service.service \
      deploy/systemd/memory-limit.conf "$folder/"
    RELEASE_VERSION=$version RELEASE_COMMIT=$(git rev-parse HEAD) scripts/cosign-sign.sh release "$folder"
    tar -C "$2" --sort=name --owner=0 --group=0 --numeric-owner -czf "$folder.tar.gz" "${folder##*/}"
    cp "$folder/release.json" "$folder.release.json"
    rm -r "$folder"
  done
}

release() { # TAG OUT
  if [ "$1" != "v$version" ]; then
    echo "the tag $1 is not the version of Cargo.toml, $version" >&2
    exit 1
  fi
  scripts/generate-changelog.sh "$version" >"$2/NOTES.md"
  gh release create "$1" --verify-tag --title "$version" --notes-file "$2/NOTES.md" "$2"/*.tar.gz "$2"/*.release.json
}

case ${1:-} in
  image | hosts | release) "$@" ;;
  *) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
