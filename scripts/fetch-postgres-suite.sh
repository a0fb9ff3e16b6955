#!/bin/sh
# Prints the folder of PostgreSQL 15's own regression suite and of libpq_pipeline, built once out of Debian's source
# package into a cache folder outside the checkout. The suite has to be that of the server that is installed here.
# Status 2: it cannot be had on this machine, and why stands on standard error.
set -eu

skip() { echo "fetch-postgres-suite: $*" >&2; exit 2; }

server=/usr/lib/postgresql/15/bin/postgres
[ -x "$server" ] || skip 'PostgreSQL 15 of Debian is not installed'
# `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`
release=$("$server" --version | sed -n 's/.*(Debian \([^)]*\)).*/\1/p')
[ -n "$release" ] || skip 'PostgreSQL 15 is not that of Debian'

# Root lends the server to another user, to whom root's home is closed.
if [ "$(id -u)" = 0 ]; then cache=/var/cache/chaperone; else cache=${CHAPERONE_CACHE:-$HOME/.cache/chaperone}; fi
folder="$cache/postgres-suite-$release"
if [ -x "$folder/regress/pg_regress" ]; then
  echo "$folder"
  exit 0
fi

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
for tool in apt-get gcc make perl; do command -v "$tool" >/dev/null 2>&1 || skip "$tool is not installed"; done
[ -r "$keyring" ] || skip "$keyring is not here"
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
[ -n "$codename" ] || skip 'this Debian has no codename'

mkdir -p "$cache"
work=$(mktemp -d "$cache/fetch-postgres.XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM
cd "$work"

# An apt of our own, with the sources of the mirrors that the machine's apt has: its lists and sources stay as they are.
mkdir -p lists/partial cache/archives/partial
# shellcheck disable=SC2016
apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
  sort -u | while read -r site release component; do
  case "$release" in
    "$codename" | "$codename"-*) echo "deb-src [signed-by=$keyring] $site $release $component" ;;
  esac
done > sources.list
[ -s sources.list ] || skip 'the apt of this machine has no mirror of its Debian'
own_apt() {
  apt-get -qq -o APT::Sandbox::User="$(id -un)" -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=- \
    -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Get::List-Cleanup=0 "$@" >&2
}
echo "fetch-postgres-suite: downloading the source of PostgreSQL $release" >&2
own_apt update || skip 'the lists of sources could not be had'
own_apt source --download-only "postgresql-15=$release" || skip "the source of $release could not be had"

mkdir source
tar -xf postgresql-15_*.orig.tar.* -C source --strip-components=1
cd source
echo 'fetch-postgres-suite: building' >&2
# libpq_pipeline takes the system's libpq when it runs, which knows TLS.
{
  ./configure --without-readline --without-zlib && make -C src/test/regress all &&
    make -C src/test/modules/libpq_pipeline all
} > ../build.log 2>&1 || { tail -20 ../build.log >&2; skip 'it could not be built'; }

mkdir ../suite
mv src/test/regress ../suite/regress
mv src/test/modules/libpq_pipeline ../suite/libpq_pipeline
chmod -R go+rX ../suite
chmod go+rx "$cache"
# A rename is atomic: two runs at once do no harm.
mv "$work/suite" "$folder" 2>/dev/null || [ -x "$folder/regress/pg_regress" ]
echo "$folder"
