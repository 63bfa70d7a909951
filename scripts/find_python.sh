#!/bin/sh
# Prints the first Python this project is tested with: the one given, or one found on the path.
# Usage: sh scripts/find_python.sh [interpreter]

fits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null
}

if [ -n "${1:-}" ]; then
    if fits "$1"; then echo "$1"; exit 0; fi
    echo "PYTHON=$1 is not a Python 3.11 or 3.12 that runs here." >&2
    exit 1
fi
for python in python3.11 python3.12 python3 python; do
    if fits "$python"; then echo "$python"; exit 0; fi
done
echo "Python 3.11 or 3.12 is needed and was not found. Install one (Debian 12: apt-get install" \
    "python3 python3-venv), or name it: make run PYTHON=/path/to/python3.11" >&2
exit 1
