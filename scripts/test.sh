#!/usr/bin/env bash
# Format, lint, types and tests; arguments are handed on to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
prepare requirements-dev.txt
"$python" -m ruff format --check .
"$python" -m ruff check .
"$python" -m mypy mmgrad app.py benchmarks scripts
bash scripts/test_js.sh
# Two processes of one thread each: the browser's tests mostly wait.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
# The floor of the coverage holds for all tests only.
coverage=()
[ $# -gt 0 ] || coverage=(--cov --cov-report=term)
exec "$python" -m pytest -n 2 --dist loadfile --reruns 1 --only-rerun "playwright.*TimeoutError" ${coverage[@]+"${coverage[@]}"} "$@"
