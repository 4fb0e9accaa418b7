#!/usr/bin/env bash
# Format, lint, types and tests; arguments are handed on to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
prepare requirements-dev.txt
"$python" -m ruff format --check .
"$python" -m ruff check .
"$python" -m mypy mmgrad app.py
exec "$python" -m pytest "$@"
