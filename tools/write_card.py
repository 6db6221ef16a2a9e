"""Put the figures under bench/results/ on a model's card.

Usage: python tools/write_card.py MODEL.safetensors      measured by quality.py, perhaps by steadiness.py
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

from vidstyle.zoo import Card, write
from vidstyle.zoo.checkpoint import read_state_dict

RESULTS = Path(__file__).parents[1] / "bench" / "results"


def main() -> None:
    path = Path(sys.argv[1])
    state, metadata = read_state_dict(path)
    card = Card.from_metadata(metadata)
    if card is None:
        raise SystemExit(f"{path} has no card")
    quality, steadiness = (json.loads((RESULTS / f"{name}_cpu.json").read_text()) for name in ("quality", "steadiness"))
    measured = dict(quality["figures"][card.name])
    if steadiness["date"] >= quality["date"]:  # or else it is another model's
        alone = steadiness["means"].get(f"{card.name} off", {})
        measured |= {name: alone[name] for name in ("warping_1", "warping_10") if name in alone}
    kept = {key: card.quality[key] for key in ("samples", "hours") if key in card.quality}
    figures = {name: float(f"{value:.4g}") for name, value in measured.items()}
    print(write(state, replace(card, quality=kept | figures), path))


if __name__ == "__main__":
    main()
