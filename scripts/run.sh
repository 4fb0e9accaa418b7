#!/usr/bin/env bash
# Start the app; flags are handed on to app.py (see --help).
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh
prepare requirements.txt
exec "$python" app.py "$@"
