"""Mix the weights of two models, of which one was trained on from the other: what each does better, in part.

Usage: python tools/mix_weights.py FIRST SECOND SHARE OUT --photos DIR --paintings DIR

The weights are those of FIRST, with SHARE (0 to 1) of SECOND's; ranges for 8 bits are measured anew on the pictures.
The card is FIRST's, with SECOND's recipe. Source: Wortsman et al. 2022 (WiSE-FT).
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from vidstyle.nets.conditioned import ConditionedNet
from vidstyle.nets.int8 import calibrate
from vidstyle.pictures import list_pictures
from vidstyle.training.painter import CALIBRATION
from vidstyle.training.pictures import Pictures
from vidstyle.zoo import load, save


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first")
    parser.add_argument("second")
    parser.add_argument("share", type=float)
    parser.add_argument("out", type=Path)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--paintings", type=Path, required=True)
    options = parser.parse_args()
    first, second = load(options.first), load(options.second)
    net = first.net
    assert isinstance(net, ConditionedNet)
    with torch.no_grad():
        for own, other in zip(net.parameters(), second.net.parameters(), strict=True):
            own.lerp_(other, options.share)
    contents, styles = (
        Pictures(list_pictures(folder)[::20], 256, "cpu").spread(CALIBRATION).split(1)
        for folder in (options.photos, options.paintings)
    )
    count = min(len(contents), len(styles))
    calibrate(net, zip(contents[:count], styles[:count], strict=True))
    learnt = {key: second.card.quality[key] for key in ("samples", "hours")}  # what it began with included
    recipe = dict(second.card.recipe) | {"mixed": f"{1 - options.share:g} of {first.card.checksum[:16]}"}
    print(save(net, replace(first.card, recipe=recipe, quality=learnt), options.out))


if __name__ == "__main__":
    main()
