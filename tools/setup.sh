#!/bin/sh
# Makes .venv from the lock and finds what the system must provide: tools/setup.sh run|test
set -eu
purpose=$1
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

# --- Python -------------------------------------------------------------------------------------
fits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; }

find_python() {
    for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if command -v "$name" >/dev/null && fits "$name"; then
            echo "$name"
            return
        fi
    done
    say "Python 3.11, 3.12, 3.13 or 3.14 is needed, with its venv module (package python3-venv)."
    exit 1
}

# --- packages of the system ---------------------------------------------------------------------
packages="libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
[ "$purpose" = test ] && packages="$packages chromium redis-server postgresql poppler-utils"

missing_packages() {
    command -v dpkg-query >/dev/null || return 0
    # On newer releases a library's package may be called …t64; it still provides the old name.
    installed=$(dpkg-query -W -f '${Status} ${Package} ${Provides}\n' 2>/dev/null |
        grep '^install ok installed ' || true)
    for package in $packages; do
        printf '%s\n' "$installed" | grep -qE "[ ,]$package( |,|\$)" || printf '%s ' "$package"
    done
}

install_packages() {
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    as_root=
    if [ "$(id -u)" != 0 ]; then
        if ! sudo -n true 2>/dev/null; then
            say "Not installed: $missing- install with: sudo apt-get install $missing"
            return 0
        fi
        as_root="sudo -n"
    fi
    if ! command -v apt-get >/dev/null; then
        say "Not installed: $missing"
        return 0
    fi
    say "Installing: $missing"
    $as_root apt-get update -qq || true
    for package in $missing; do
        $as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "$package" >/dev/null ||
            say "Not installed: $package (apt-get failed)"
    done
}

# --- the environment ----------------------------------------------------------------------------
lock=requirements-run.lock
[ "$purpose" = test ] && lock=requirements.lock
state=$(cat requirements.lock requirements-run.lock tools/pip.lock setup.cfg pyproject.toml | cksum)
stamp=.venv/.installed
known=$(cat "$stamp" 2>/dev/null || true)

# Designsystemet, plotly.js and the web fonts: the service stands without them, and so does this.
frontend() { .venv/bin/python tools/frontend/build.py || true; }

# What was installed for the tests serves for running too.
if [ "$known" = "$purpose $state" ] || [ "$known" = "test $state" ]; then
    [ "$purpose" = test ] && install_packages
    frontend
    exit 0
fi

install_packages
python=$(find_python)
if [ ! -x .venv/bin/python ] || ! fits .venv/bin/python; then
    rm -rf .venv
    if command -v uv >/dev/null; then
        uv venv -q --python "$("$python" -c 'import sys; print(sys.executable)')" .venv
    elif ! "$python" -m venv .venv; then
        rm -rf .venv
        say "Python's venv module is missing: install the package python3-venv and try again."
        exit 1
    fi
fi
say "Installing what $lock says ..."
if command -v uv >/dev/null; then
    uv pip install -q --python .venv/bin/python --require-hashes -r "$lock"
    uv pip install -q --python .venv/bin/python --no-deps --no-build-isolation -e .
else
    .venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes \
        -r tools/pip.lock
    .venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r "$lock"
    .venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps \
        --no-build-isolation -e .
fi
if ! .venv/bin/python -c 'import weasyprint' >/dev/null 2>&1; then
    say "PDF reports need Pango and HarfBuzz's subset library, which were not found."
fi
frontend
echo "$purpose $state" > "$stamp"
