#!/usr/bin/env bash
# Builds the image of one architecture, pushes it by its digest and takes the program out of it, so that hosts and
# containers run the same bytes.
#   REGISTRY_TOKEN=… scripts/release-build.sh ARCH IMAGE OUT
# OUT gets the program, its bill of materials, digest-ARCH, and the reference of the image in `image`. Needs Docker with buildx.
set -euo pipefail
cd "$(dirname "$0")/.."
arch=${1:?usage: release-build.sh ARCH IMAGE OUT} image=${2:?} out=${3:?}

mkdir -p "$out"
image=${image,,}
docker login "${image%%/*}" --username token --password-stdin <<<"${REGISTRY_TOKEN:?}"
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
docker buildx create --use >/dev/null
docker buildx build --platform "linux/$arch" --build-arg "VERSION=$version" --build-arg "REVISION=$(git rev-parse HEAD)" \
  --output "type=image,name=$image,push-by-digest=true,push=true" --metadata-file "$out/metadata.json" .
digest=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["containerimage.digest"])' "$out/metadata.json")
rm "$out/metadata.json"
echo "$digest" >"$out/digest-$arch"

docker pull --quiet --platform "linux/$arch" "$image@$digest"
container=$(docker create --platform "linux/$arch" "$image@$digest")
trap 'docker rm "$container" >/dev/null' EXIT
docker cp "$container:/usr/bin/stata-service" "$out/stata-service"
echo "$image@$digest" >"$out/image"
scripts/checks/sbom.py "$out/sbom.cdx.json"
