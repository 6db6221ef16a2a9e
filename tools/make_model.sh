#!/usr/bin/env bash
# Train a model that ships anew: all its runs, one after the other; what is done is not done again.
#
# Usage: tools/make_model.sh brisk|atelier PHOTOS PAINTINGS OUT [what `vidstyle train` takes …]
set -euo pipefail
if (($# < 4)); then
    sed -n '4s/^# //p' "$0" >&2
    exit 2
fi
model=$1 photos=$2 paintings=$3 out=$4
shift 4
python=${PYTHON:-python}

# run RECIPE [FIRST-WEIGHTS]
run() {
    local recipe=$1 start=${2:-}
    [[ -e $out/$recipe/done ]] && return
    "$python" -m vidstyle train "$recipe" --photos "$photos" --paintings "$paintings" --out "$out/$recipe" \
        ${start:+--start-from "$start"} "${more[@]}"
    touch "$out/$recipe/done"
}

# mix RECIPE OTHER SHARE FILE: the weights that the first one ended with, and that share of the other's.
mix() {
    "$python" "$(dirname "$0")/mix_weights.py" "$out/$1/$model.safetensors" "$out/$2/$model.safetensors" "$3" "$4" \
        --photos "$photos" --paintings "$paintings"
}

more=("$@")
case $model in
brisk)
    run brisk
    run brisk_on "$out/brisk/brisk.safetensors"
    run brisk_gpu "$out/brisk_on/brisk.safetensors"
    mix brisk_on brisk_gpu 0.45 "$out/mixed.safetensors"
    run brisk_steady "$out/mixed.safetensors"
    run brisk_clean "$out/brisk_steady/brisk.safetensors"
    run brisk_brief "$out/brisk_steady/brisk.safetensors"
    mix brisk_brief brisk_clean 0.6 "$out/brisk.safetensors"
    ;;
atelier)
    run atelier
    run atelier_gpu "$out/atelier/atelier.safetensors"
    run atelier_clean "$out/atelier_gpu/atelier.safetensors"
    ;;
*)
    echo "no model that ships is called $model; choose brisk or atelier" >&2
    exit 2
    ;;
esac
