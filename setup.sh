#!/bin/bash
# Makes .venv from the lock file. Called by make; safe to run again, and after a run that was cut short.
set -euo pipefail
cd "$(dirname "$0")"

fail() { echo "setup: $*" >&2; exit 1; }

python=
for name in ${PY:-python3.11 python3.12 python3}; do
  if command -v "$name" >/dev/null 2>&1 &&
    "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null; then
    python=$(command -v "$name")
    break
  fi
done

make_environment() {
  [ -n "$python" ] || fail "no Python 3.11 or 3.12 here; on Debian 12: apt-get install python3 (or name one: make PY=/path/to/python3.11)"
  rm -rf .venv
  # Debian keeps what venv needs for pip in a package of its own.
  if "$python" -c 'import ensurepip' 2>/dev/null; then
    "$python" -m venv .venv
  elif command -v uv >/dev/null 2>&1; then
    uv venv --quiet --python "$python" .venv
  elif "$python" -m pip --version >/dev/null 2>&1; then
    "$python" -m venv --without-pip .venv
  elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "setup: installing python3-venv with apt" >&2
    apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv >/dev/null ||
      fail "python3-venv could not be installed with apt"
    "$python" -m venv .venv
  else
    fail "$python has neither ensurepip nor pip; ask an administrator for: apt-get install python3-venv"
  fi
}

install_uv() {
  if [ -x .venv/bin/pip ]; then
    .venv/bin/pip install --quiet uv || fail "uv could not be installed with pip; is there a network?"
  elif command -v uv >/dev/null 2>&1; then
    uv pip install --quiet --python .venv/bin/python uv || fail "uv could not be installed; is there a network?"
  else
    "$python" -m pip --python .venv/bin/python install --quiet uv || fail "uv could not be installed with pip; is there a network?"
  fi
}

[ -x .venv/bin/python ] && .venv/bin/python -c '' 2>/dev/null || make_environment
[ -x .venv/bin/uv ] || install_uv
# The Python that is here, never one fetched from elsewhere; what is locked, never something newer.
# The machine's own certificates count too: garages sit behind firewalls that sign with theirs.
export UV_PYTHON_DOWNLOADS=never UV_NATIVE_TLS=true UV_SYSTEM_CERTS=true
.venv/bin/uv sync --locked --quiet --inexact --python .venv/bin/python ||
  fail "the locked packages could not be installed (the reason is above)"
touch .venv/.locked
