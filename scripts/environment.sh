# Sourced by the other scripts: a virtual environment in .venv (or where VENV says) with the packages of a requirements
# file, made once and brought up to date only when the requirement files change. Sets `python`.

prepare() {
    local requirements=$1 venv=${VENV:-.venv} base=${PYTHON:-python3}
    if ! "$base" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        echo "mmgrad needs Python 3.11 or newer as '$base'; install it, or name another one with PYTHON=..." >&2
        exit 2
    fi
    if [ ! -x "$venv/bin/python" ]; then
        "$base" -m venv "$venv"
    fi
    python=$venv/bin/python
    # All requirement files: one may include another.
    if ! cat requirements*.txt | cmp -s - "$venv/installed-$requirements"; then
        echo "Installing $requirements into $venv ..." >&2
        "$python" -m pip install --quiet --disable-pip-version-check -r "$requirements"
        cat requirements*.txt | tee "$venv/installed-requirements.txt" >"$venv/installed-$requirements"
    fi
}
