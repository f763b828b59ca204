# shellcheck shell=bash
# Downloads files from package registries with their own clients, verifies their sha256 and keeps them in a cache.
# Sourced by scripts/setup and scripts/demo.

downloads=${CORALLITE_DOWNLOADS:-${XDG_CACHE_HOME:-$HOME/.cache}/corallite/downloads}

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
  say "error: $*"
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "this needs root, and sudo is not installed: $* (run that command as root, then this script again)"
  fi
}

# debian_have PACKAGE...: succeeds if all are installed.
debian_have() {
  local p
  for p in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || return 1
  done
}

# debian_packages PACKAGE...: installs the missing ones.
debian_packages() {
  local p missing=()
  command -v apt-get >/dev/null || die "this is not Debian or Ubuntu: install the equivalents of these packages: $*"
  for p in "$@"; do debian_have "$p" || missing+=("$p"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing Debian packages: ${missing[*]}"
  if ! apt_install "${missing[@]}" 2>/dev/null; then
    as_root apt-get -qq update
    apt_install "${missing[@]}" || die "apt-get failed to install: ${missing[*]}"
  fi
}

# debian_offers PACKAGE: succeeds if apt can install the package. grep must read to the end, or apt-cache would fail.
debian_offers() { LC_ALL=C apt-cache policy "$1" 2>/dev/null | grep '^ *Candidate: [^(]' >/dev/null; }

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
    -o Dpkg::Use-Pty=0 install "$@" >/dev/null
}

sha256_is() { [ -f "$1" ] && [ "$(sha256sum <"$1" | cut -d' ' -f1)" = "$2" ]; }

# cached SHA256: prints the path of the cached file with that hash; fails if there is none.
cached() {
  local file=$downloads/$1
  sha256_is "$file" "$1" || return 1
  printf '%s\n' "$file"
}

# keep FILE SHA256 NAME: moves FILE into the cache under its hash and prints the path; fails if the hash differs.
keep() {
  sha256_is "$1" "$2" || die "$3: sha256 mismatch: got $(sha256sum <"$1" | cut -d' ' -f1), want $2"
  mkdir -p "$downloads"
  mv -f "$1" "$downloads/$2"
  printf '%s\n' "$downloads/$2"
}

# pip_wheel NAME==VERSION PLATFORM SHA256: prints the path of that wheel (PLATFORM "any": platform-independent).
pip_wheel() {
  cached "$3" && return
  local work platform_args=()
  python3 -m pip --version >/dev/null 2>&1 || debian_packages python3-pip
  [ "$2" = any ] || platform_args=(--platform "$2")
  say "downloading $1 from PyPI"
  work=$(mktemp -d)
  # The Python version is fixed, so that every machine gets the same file.
  python3 -m pip -q download --disable-pip-version-check --no-deps --only-binary=:all: --python-version "${PIP_WHEEL_PYTHON:-3.11}" \
    "${platform_args[@]}" -d "$work" "$1" >&2 || die "pip failed to download $1; without internet, copy the cache folder $downloads from another machine"
  keep "$work"/*.whl "$3" "$1"
  rm -rf "$work"
}

# maven_artifact GROUP:NAME:VERSION PACKAGING SHA256: prints the path of that artifact.
maven_artifact() {
  cached "$3" && return
  local work
  command -v mvn >/dev/null || debian_packages maven
  say "downloading $1 from Maven Central"
  work=$(mktemp -d)
  mvn -q -B dependency:get -Dmaven.repo.local="$work" -Dartifact="$1:$2" -Dtransitive=false 2>&1 | sed "s/\x1b\[[0-9;]*m//g; /^$/d" >&2 ||
    die "mvn failed to download $1; without internet, copy the cache folder $downloads from another machine"
  keep "$(find "$work" -name "*.$2" -print -quit)" "$3" "$1"
  rm -rf "$work"
}
