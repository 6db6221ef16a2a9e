"""The town: house fronts with roofs and windows, the church, and the quay they stand on."""

from __future__ import annotations

import numpy as np
from paint import Array, Canvas, mix, rgb
from sky import tree

WALLS = ["c9573f", "e0b050", "e8dcc4", "5f8fa8", "d88a5c", "8aa17a", "d9c09a", "a8483f", "e6c9a8", "7d94a6", "cf9a4a"]
ROOFS = ["8a4232", "9c5238", "6d4038", "545a66", "7a4a3a"]
TRIMS = ["f1ead9", "e8e0cc", "f4efe2"]
SHUTTERS = ["2f5a4e", "3d4f70", "7a2f2a", "50624a", "e4dcc8"]
LAMPLIGHT = np.array([1.0, 0.70, 0.33], np.float32)


def window(c: Canvas, x: float, y: float, w: float, h: float, trim: Array, shutter: Array | None, lit: bool) -> None:
    """A sash window with a frame, a recess shadow, sky in the panes, a sill and perhaps shutters."""
    c.rect(x - 0.14, y - 0.1, w + 0.28, h + 0.26, trim, rough=0.08)
    sky_above = mix(rgb("8fa6b6"), rgb("2b333d"), 0.25 + 0.6 * c.rng.random())
    light = LAMPLIGHT * (0.65 + 0.5 * c.rng.random()) if lit else None
    c.rect(x, y, w, h, sky_above, below=rgb("252b33"), rough=0.5, glow=light)
    if c.rng.random() < 0.55:
        c.rect(x, y, w * 0.22, h, rgb("c9bfae"), rough=0.2, glow=None if light is None else light * 0.8)
        c.rect(x + w * 0.78, y, w * 0.22, h, rgb("b5ab9c"), rough=0.2, glow=None if light is None else light * 0.8)
    for bar in (0.5,):
        c.rect(x + w * bar - 0.035, y, 0.07, h, trim)
    for bar in (0.33, 0.66):
        c.rect(x, y + h * bar - 0.03, w, 0.06, trim)
    c.rect(x, y + h - 0.16, w, 0.16, (0.05, 0.05, 0.08), opacity=0.55)
    c.rect(x + w * 0.86, y, w * 0.14, h, (0.05, 0.05, 0.08), opacity=0.35)
    c.rect(x - 0.2, y - 0.2, w + 0.4, 0.13, trim * 0.92)
    c.rect(x - 0.16, y - 0.42, w + 0.4, 0.22, (0.08, 0.06, 0.09), opacity=0.33)
    if shutter is not None:
        for side in (x - 0.14 - w * 0.46, x + w + 0.14):
            c.rect(side, y - 0.06, w * 0.46, h + 0.14, shutter, streaks=0.2)
            for k in range(1, 6):
                c.rect(side + 0.05, y + h * k / 6, w * 0.46 - 0.1, 0.05, shutter * 0.65)
            c.rect(side + w * 0.46, y - 0.16, 0.09, h + 0.14, (0.06, 0.05, 0.08), opacity=0.3)
    elif c.rng.random() < 0.3:
        for k in range(9):
            bloom = rgb(["c43a4a", "e8b23a", "5d7f3c", "d86a9a", "4f7038"][c.rng.integers(5)])
            c.ellipse(x + w * (k + 0.5) / 9, y - 0.06 + 0.1 * c.rng.random(), 0.11, 0.11, bloom, rough=0.3)


def front_door(c: Canvas, x: float, base: float, trim: Array, lit: bool) -> None:
    """A panelled door with a fanlight and a step."""
    paint = rgb(SHUTTERS[c.rng.integers(4)])
    c.rect(x - 0.16, base, 1.42, 2.75, trim)
    c.rect(x, base, 1.1, 2.1, paint, below=paint * 0.6, streaks=0.2)
    c.rect(x + 0.15, base + 0.3, 0.33, 1.5, paint * 0.65)
    c.rect(x + 0.62, base + 0.3, 0.33, 1.5, paint * 0.65)
    c.rect(x, base + 2.18, 1.1, 0.45, rgb("39424c"), glow=LAMPLIGHT if lit else None)
    c.rect(x - 0.3, base - 0.02, 1.7, 0.16, rgb("a59c90"))


def shop(c: Canvas, x: float, base: float, w: float, trim: Array) -> None:
    """A shop window under a striped awning that throws a shadow, with goods outside."""
    c.rect(x, base, w, 2.5, trim * 0.5)
    c.rect(x + 0.15, base + 0.55, w - 0.3, 1.8, rgb("5a6670"), below=rgb("2a2522"), rough=0.7, glow=LAMPLIGHT * 1.05)
    for k in range(1, 4):
        c.rect(x + w * k / 4 - 0.04, base + 0.5, 0.08, 1.9, trim * 0.55)
    stripe, other = rgb(["b8402f", "2f6a5a", "2f4f7a", "c98a2c"][c.rng.integers(4)]), rgb("efe6d2")
    n = max(int(w / 0.38), 4)
    c.rect(x - 0.2, base + 1.35, w + 0.5, 0.95, (0.05, 0.04, 0.07), opacity=0.42)
    for k in range(n):
        a, b = k / n, (k + 1) / n
        quad = [
            (x - 0.25 + (w + 0.5) * a, base + 2.0),
            (x - 0.25 + (w + 0.5) * b, base + 2.0),
            (x + w * b, base + 2.95),
            (x + w * a, base + 2.95),
        ]
        paint = stripe if k % 2 else other
        c.fill(quad, paint, below=paint * 0.86, glow=paint * LAMPLIGHT * 0.12)
    for _ in range(int(w * 4)):
        at = x + c.rng.random() * w
        paint = rgb(["8a6a44", "c9772f", "7f8f3a", "b23a34", "5a7440", "d9b84a"][c.rng.integers(6)])
        c.ellipse(at, base + 0.18 + 0.3 * c.rng.random(), 0.18, 0.16, paint, rough=0.4)


def roof_tiles(c: Canvas, outline: list[tuple[float, float]], colour: Array) -> None:
    """A roof face with rows of tiles and moss."""
    c.fill(outline, colour * 1.12, below=colour * 0.85, rough=0.35, streaks=0.25)
    low, high = min(p[1] for p in outline), max(p[1] for p in outline)
    left, right = min(p[0] for p in outline), max(p[0] for p in outline)
    top = [p[0] for p in outline if p[1] > high - 0.01]
    for y in np.arange(low + 0.15, high, 0.3):
        u = (y - low) / (high - low)
        a, b = left + (min(top) - left) * u, right + (max(top) - right) * u
        c.fill([(a, y), (b, y), (b, y + 0.07), (a, y + 0.07)], colour * 0.55, opacity=0.55)


def chimney(c: Canvas, x: float, y: float) -> None:
    """A brick chimney with pots."""
    c.rect(x, y, 0.8, 1.7, rgb("94543f"), rough=0.4)
    c.rect(x + 0.5, y, 0.3, 1.7, (0.1, 0.07, 0.1), opacity=0.45)
    c.rect(x - 0.1, y + 1.6, 1.0, 0.2, rgb("b8a48c"))
    c.rect(x + 0.1, y + 1.8, 0.22, 0.4, rgb("a8583c"))
    c.rect(x + 0.46, y + 1.8, 0.22, 0.4, rgb("8f4a34"))


def house(c: Canvas, x: float, base: float, w: float, floors: int, lit_share: float, plain: bool = False) -> float:
    """One house front; gives back its ridge height."""
    pick = c.rng.integers
    wall, trim, roof = rgb(WALLS[pick(len(WALLS))]), rgb(TRIMS[pick(3)]), rgb(ROOFS[pick(len(ROOFS))])
    wall = wall * (0.92 + 0.16 * c.rng.random())
    shutter = rgb(SHUTTERS[pick(5)]) if c.rng.random() < 0.5 else None
    storey = 2.75 + 0.3 * c.rng.random()
    eaves = base + storey * floors
    gable = c.rng.random() < 0.5
    if gable:
        peak = eaves + w * (0.5 + 0.12 * c.rng.random())
        chimney(c, x + w * 0.7, eaves + 0.8)
        middle = x + w / 2
        outline = [(x, base), (x + w, base), (x + w, eaves)]
        if c.rng.random() < 0.5:
            steps = 5
            right = [
                (x + w * (1 - 0.5 * k / steps), eaves + (peak - eaves) * j / steps)
                for k in range(steps)
                for j in (k, k + 1)
            ]
            outline += right + [(2 * middle - px, py) for px, py in reversed(right)]
        else:
            roof_tiles(c, [(x - 0.3, eaves - 0.3), (x + w + 0.3, eaves - 0.3), (middle, peak + 0.35)], roof)
            outline += [(middle, peak)]
        outline += [(x, eaves)]
    else:
        peak = eaves + 2.4
        chimney(c, x + w * (0.15 + 0.5 * c.rng.random()), peak - 0.9)
        roof_tiles(c, [(x - 0.15, eaves), (x + w + 0.15, eaves), (x + w - 0.35, peak), (x + 0.35, peak)], roof)
        outline = [(x, base), (x + w, base), (x + w, eaves), (x, eaves)]
    c.fill(outline, wall * 1.04, below=wall * 0.84, rough=0.13, streaks=0.09)
    if c.rng.random() < 0.35:
        for y in np.arange(base, eaves, 0.16):
            c.rect(x, y, w, 0.045, wall * 0.6, opacity=0.4)
    c.rect(x + w - 0.3, base, 0.3, eaves - base, (0.1, 0.07, 0.14), opacity=0.28)
    c.rect(x, base, w, 0.7, (0.16, 0.14, 0.14), opacity=0.35, rough=0.5)
    columns = max(int(w / 1.75), 2)
    pitch = w / columns
    size = min(0.95, pitch * 0.5)
    for floor in range(0 if plain else 1, floors):
        for k in range(columns):
            here = None if pitch < 1.7 else shutter
            window(
                c,
                x + pitch * (k + 0.5) - size / 2,
                base + storey * floor + 0.75,
                size,
                1.5,
                trim,
                here,
                c.rng.random() < lit_share,
            )
        c.rect(x, base + storey * floor + 0.02, w, 0.14, trim * 0.9, opacity=0.75)
    if gable:
        window(c, x + w / 2 - 0.4, eaves + 0.55, 0.8, 1.15, trim, None, c.rng.random() < lit_share)
    else:
        c.rect(x - 0.12, eaves - 0.12, w + 0.24, 0.26, trim * 0.94)
        c.rect(x, eaves - 0.5, w, 0.4, (0.07, 0.05, 0.1), opacity=0.36)
        for k in range(max(columns - 1, 1)):
            at = x + w * (k + 1) / (max(columns - 1, 1) + 1)
            c.rect(at - 0.62, eaves + 0.2, 1.24, 1.35, wall * 0.95)
            window(c, at - 0.36, eaves + 0.45, 0.72, 0.9, trim, None, c.rng.random() < lit_share)
            c.fill([(at - 0.85, eaves + 1.5), (at + 0.85, eaves + 1.5), (at, eaves + 2.25)], roof * 0.85, rough=0.3)
    if not plain:
        if w > 4.6 and c.rng.random() < 0.75:
            shop(c, x + 1.55, base, w - 1.9, trim)
            front_door(c, x + 0.25, base, trim, c.rng.random() < lit_share)
        else:
            front_door(c, x + 0.4, base, trim, c.rng.random() < lit_share)
            for k in range(1, columns):
                window(
                    c, x + pitch * (k + 0.5) - size / 2, base + 0.8, size, 1.45, trim, None, c.rng.random() < lit_share
                )
    return peak


def row(ppm: float, left: float, right: float, base: float, seed: int, lit_share: float) -> Canvas:
    """The row of houses along the quay."""
    c = Canvas(left - 1, base - 0.2, right + 8, base + 18, ppm, seed)
    x = left
    while x < right:
        w = 4.0 + 3.2 * c.rng.random()
        house(c, x, base, w, int(c.rng.integers(3, 5)), lit_share)
        x += w + (0.0 if c.rng.random() < 0.75 else 0.5)
    for at in (right + 5.2, right + 6.4):
        tree(c, at, base, 5.0, rgb("62743c"))
    return c


def upper_town(ppm: float, left: float, right: float, seed: int, lit_share: float) -> Canvas:
    """Roofs and a church on the slope behind the quay."""
    c = Canvas(left - 4, 0, right + 22, 34, ppm, seed)
    slope = [(left - 4, 0), (right + 22, 0), (right + 21, 2.5), (right + 8, 8), (right - 8, 12.5), (left - 4, 14)]
    c.fill(slope, rgb("6d7a48"), below=rgb("4b5638"), rough=0.5)
    for _ in range(70):
        x = left + c.rng.random() * (right - left + 20)
        tree(c, x, 3 + 6 * c.rng.random(), 4.5 + 3 * c.rng.random(), rgb("5c6c3c"))
    tower = left + 0.62 * (right - left)
    c.rect(tower, 8, 4.4, 17, rgb("cbbfa6"), below=rgb("b0a48c"), rough=0.25, streaks=0.2)
    c.rect(tower + 2.9, 8, 1.5, 17, (0.12, 0.1, 0.2), opacity=0.35)
    c.fill([(tower - 0.4, 25), (tower + 4.8, 25), (tower + 2.2, 33.5)], rgb("5f7a70"), rough=0.3, streaks=0.3)
    c.fill([(tower + 2.2, 25), (tower + 4.8, 25), (tower + 2.2, 33.5)], (0.1, 0.12, 0.2), opacity=0.35)
    for y in (15.0, 20.0):
        c.rect(tower + 1.6, y, 1.1, 2.6, rgb("3a3834"), glow=LAMPLIGHT * 0.7)
    c.ellipse(tower + 2.2, 23.6, 0.8, 0.8, rgb("efe6cc"), glow=LAMPLIGHT * 0.5)
    for level, floors in ((9.0, 3), (6.0, 3), (3.5, 3)):
        x = left + 5 * c.rng.random()
        while x < right + 10:
            w = 5 + 4 * c.rng.random()
            if c.rng.random() < 0.72:
                house(c, x, level + 1.5 * c.rng.random() - max(x - right, 0) * 0.3, w, floors, lit_share, plain=True)
            x += w + 1.5 * c.rng.random()
    return c


def quay(ppm: float, left: float, right: float, height: float, seed: int) -> Canvas:
    """The quay's stone face with courses, weed, rings and tyres; its top edge is at the given height."""
    c = Canvas(left, -0.1, right, height + 0.5, ppm, seed)
    c.rect(left, -0.1, right - left, height + 0.1, rgb("a3978a"), below=rgb("6a625a"), rough=0.3, streaks=0.3)
    for k, y in enumerate(np.arange(0.0, height - 0.2, 0.42)):
        x = left + 0.5 * (k % 2)
        while x < right:
            w = 0.7 + 0.8 * c.rng.random()
            tone = rgb("a3978a") * (0.62 + 0.5 * c.rng.random()) * (0.72 + 0.28 * y / height)
            c.rect(x + 0.03, y + 0.03, w - 0.06, 0.36, tone, rough=0.35, streaks=0.15, opacity=0.8)
            x += w
    c.rect(left, -0.1, right - left, 0.6, rgb("3c4630"), below=rgb("20261c"), rough=0.5, opacity=0.85)
    c.rect(left, height - 0.22, right - left, 0.24, rgb("cbbfae"), rough=0.25)
    c.rect(left, height - 0.4, right - left, 0.18, (0.08, 0.06, 0.08), opacity=0.5)
    for x in np.arange(left + 3, right, 6.5):
        c.ellipse(x, height - 0.95, 0.42, 0.45, rgb("22201f"))
        c.ellipse(x, height - 0.95, 0.2, 0.22, rgb("5f574e"))
        c.rect(x + 2.0, height, 0.36, 0.4, rgb("33302e"))
        c.rect(x + 1.92, height + 0.3, 0.52, 0.14, rgb("4a4642"))
        c.rect(x + 4.0, -0.1, 0.07, height, rgb("3a3632"))
        c.rect(x + 4.5, -0.1, 0.07, height, rgb("3a3632"))
        for y in np.arange(0.1, height, 0.3):
            c.rect(x + 4.0, y, 0.55, 0.05, rgb("4d463f"))
    return c


def pavement(ppm: float, left: float, right: float, near: float, far: float, seed: int) -> Canvas:
    """The quay's top as seen from low down: a strip of cobbles between two screen heights in metres."""
    c = Canvas(left, near, right, far, ppm, seed)
    c.rect(left, near, right - left, far - near, rgb("9b9086"), below=rgb("c2b4a2"), rough=0.3)
    for y in np.linspace(near, far, 6):
        c.rect(left, y, right - left, 0.03, rgb("6b625a"), opacity=0.5, rough=0.5)
    return c


def lamp(ppm: float, seed: int) -> Canvas:
    """A cast-iron street lamp, 4 m high, foot at the origin."""
    c = Canvas(-3.2, -0.6, 3.2, 7.0, ppm, seed)
    iron = rgb("2c322f")
    c.limb([(0, 0), (0, 0.6)], [0.26, 0.16], iron)
    c.limb([(0, 0.5), (0, 3.5)], [0.11, 0.08], iron)
    c.rect(-0.22, 3.5, 0.44, 0.08, iron)
    c.fill([(-0.17, 3.58), (0.17, 3.58), (0.26, 4.1), (-0.26, 4.1)], rgb("d9d2b4"), glow=(1.0, 0.80, 0.46))
    c.fill([(-0.32, 4.1), (0.32, 4.1), (0, 4.45)], iron)
    c.halo(0, 3.85, 3.0, (1.0, 0.66, 0.3))
    c.halo(0, 0.02, 3.0, (0.9, 0.56, 0.24), flat=0.12)
    return c
