#!/bin/sh
# Runs a script of package.json, its packages installed first. Without Node.js says so, loudly.
# Usage: sh scripts/npm.sh lint|test

set -eu
[ -f package.json ] || exit 0
if ! command -v npm >/dev/null 2>&1; then
    echo "*** JAVASCRIPT: '$1' WAS NOT RUN. INSTALL NODE.JS 20 OR LATER, WITH NPM. ***" >&2
    exit 0
fi
# npm writes this file last, so an interrupted install is repeated.
done=node_modules/.package-lock.json
if [ ! -f "$done" ] || [ package-lock.json -nt "$done" ]; then
    npm ci --no-audit --no-fund --loglevel=error
    touch "$done"
fi
exec npm run --silent "$1"
