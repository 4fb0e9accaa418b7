#!/usr/bin/env bash
# Format, lint and unit tests of the page's ES modules; left out, with a word, where Node is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v node >/dev/null; then
    echo "Node is not installed: the page's modules are not checked."
    exit 0
fi
node --test tests/js/
if ! command -v npm >/dev/null; then
    echo "npm is not installed: the page's modules are not linted."
elif [ -x node_modules/.bin/biome ] || npm ci --silent; then
    npm run --silent check
else
    echo "Biome cannot be installed: the page's modules are not linted."
fi
