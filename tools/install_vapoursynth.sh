#!/bin/bash
# VapourSynth in an environment of its own, FOLDER: it needs Python 3.12 or later. Where there is none, that is said, and its
# tests are skipped.
set -euo pipefail

folder=$1
[ ! -x "$folder/bin/vspipe" ] || exit 0
for python in python3.{12,13,14} python3 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[2-9]*/bin/python3; do
    "$python" -c 'import sys, venv; sys.exit(sys.version_info < (3, 12))' 2>/dev/null || continue
    "$python" -m venv "$folder"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check vapoursynth
    exit 0
done
echo "no Python 3.12 here: VapourSynth is left out"
