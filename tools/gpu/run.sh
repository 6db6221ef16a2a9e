#!/bin/bash
# One job of the queue (vidstyle/training/recipes/QUEUE.md) on a machine with a GPU, in a copy of this tree.
#
#   tools/gpu/run.sh train MINUTES RECIPE …   train, or go on training, all side by side; models, last sheets and logs go to $OUT
#   tools/gpu/run.sh check                    pytest -m gpu and the benchmarks; their results go to $OUT
#
# Needs .gpu/ as tools/gpu/pack.py leaves it. START_RECIPE=FILE names the weights that a recipe begins with, EXTRA is given to every training. With TRY=1 it
# runs here, on a CPU, without the packages that the other machine lacks and .gpu/ does not bring: try a job before it costs time there.
set -euo pipefail
cd "$(dirname "$0")/../.."
OUT=$(realpath -m "${OUT:-out/gpu}")
SITE=${SITE:-/tmp/site}
mkdir -p "$OUT" "$SITE"
export PYTHONPATH="$SITE:$PWD:$PWD/bench" PYTHONUNBUFFERED=1
python=python3
if [ "${TRY:-}" ]; then
    python=.venv/bin/python
    export PYTHONPATH="tools/gpu/bare:$PWD:$PWD/bench" PACKED="$SITE"
fi

unpack() { # NAME [FOLDER]
    mkdir -p "${2:-$SITE}"
    tar -xaf ".gpu/$1/$1.tar.xz" -C "${2:-$SITE}"
}

train() { # RECIPE
    local photos=(--photos /tmp/pictures/photos) start=START_$1
    [ "$1" != dcgan ] || photos=() # learns from paintings alone
    [ -z "${!start:-}" ] || photos+=(--start-from "${!start}")
    $python -m vidstyle train "$1" --minutes "$minutes" "${photos[@]}" --paintings /tmp/pictures/paintings \
        --encoder .gpu/teachers --out "runs/$1" --licence Apache-2.0 ${EXTRA:-} >"$OUT/$1.log" 2>&1 || return
    cp "runs/$1"/*.safetensors "$OUT/"
    cp "$(ls "runs/$1"/sheet_*.png | tail -1)" "$OUT/$1.png"
}

case ${1:-} in
train)
    minutes=$2
    unpack train
    unpack pictures /tmp/pictures
    jobs=()
    for recipe in "${@:3}"; do
        train "$recipe" &
        jobs+=($!)
    done
    # What fails, fails at once: then nothing is gained by waiting for it.
    sleep 30
    tail -n 3 "$OUT"/*.log
    status=0
    for job in "${jobs[@]}"; do wait "$job" || status=$?; done
    tail -n 3 "$OUT"/*.log
    exit $status
    ;;
check)
    unpack media
    [ -e ../shared/peers ] || { mkdir -p ../shared && cp -r .gpu/peers ../shared/peers; }
    status=0
    timeout 90 $python -m pytest -m gpu -q || status=$?
    timeout 60 $python bench/large.py brisk atelier || status=$?
    timeout 60 $python bench/speed.py || status=$?
    cp bench/results/*_gpu.json "$OUT" || true
    exit $status
    ;;
*)
    sed -n '2,9s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
