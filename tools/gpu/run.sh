#!/bin/bash
# One job of the queue (vidstyle/training/recipes/QUEUE.md) on a machine with a GPU, in a copy of this tree.
#
#   tools/gpu/run.sh train RECIPE MINUTES   train, or go on training; the model and its last sheets go to $OUT
#   tools/gpu/run.sh check                  pytest -m gpu and the benchmarks; their results go to $OUT
#
# Needs .gpu/ as tools/gpu/pack.py leaves it; `check` needs .gpu/wheels-media too. A run that is cut off goes on from
# its checkpoint under runs/.
set -euo pipefail
cd "$(dirname "$0")/../.."
OUT=${OUT:-out}
SITE=${SITE:-/tmp/site}
mkdir -p "$OUT"

install() {
    python3 -m pip install -q --no-index --no-deps --no-compile --no-cache-dir --upgrade --target "$SITE" "$@"
    export PYTHONPATH="$SITE:$PWD" PYTHONUNBUFFERED=1
}

case ${1:-} in
train)
    install .gpu/wheels/*.whl
    status=0
    photos=(--photos .gpu/photos)
    [ "$2" != dcgan ] || photos=() # learns from paintings alone
    python3 -m vidstyle train "$2" --minutes "$3" "${photos[@]}" --paintings .gpu/paintings \
        --encoder .gpu/teachers --out "runs/$2" --licence Apache-2.0 "${@:4}" || status=$?
    cp "runs/$2"/*.safetensors "$OUT" || true
    ls "runs/$2"/sheet_*.png | tail -2 | xargs -I{} cp {} "$OUT" || true
    exit $status
    ;;
check)
    install .gpu/wheels/*.whl .gpu/wheels-media/*.whl
    status=0
    python3 -m pytest -m gpu || status=$?
    python3 bench/speed.py || status=$?
    cp bench/results/*_gpu.json "$OUT" || true
    exit $status
    ;;
*)
    sed -n '2,9s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
