"""Figures near enough to show folds and faces: an angler on the quay, a fisherman with a lantern."""

from __future__ import annotations

from math import pi, sin

import numpy as np
from paint import Canvas, rgb
from people import HAIR, SKIN, SUNLIT, knee, stride


def angler(t: float, ppm: float) -> Canvas:
    """A man who sits on a box at the edge with a rod, seen from behind his right shoulder; he nods with the line."""
    c = Canvas(-1.2, -0.3, 3.4, 2.6, ppm, 4)
    nod = 0.03 * sin(2 * pi * t / 1.9)
    coat, cap = rgb("3d5a78"), rgb("8a3a30")
    c.ellipse(0.2, -0.24, 0.9, 0.08, (0.05, 0.04, 0.06), opacity=0.45)
    c.rect(-0.42, -0.25, 0.84, 0.55, rgb("8a6238"), below=rgb("54381e"), streaks=0.4)
    for y in (-0.08, 0.1):
        c.rect(-0.42, y, 0.84, 0.03, rgb("38240f"))
    c.limb([(0.05, 0.36), (0.6, 0.42), (0.7, -0.08)], [0.32, 0.25, 0.18], rgb("5a5042"), rough=0.3, volume=0.4)
    c.limb([(0.68, -0.1), (0.86, -0.16)], [0.17, 0.11], rgb("2f241c"), volume=0.4)
    back = [
        (-0.33, 0.26),
        (0.3, 0.24),
        (0.36, 0.5),
        (0.33, 0.8),
        (0.27, 0.98),
        (0.12, 1.08),
        (-0.14, 1.07),
        (-0.29, 0.95),
        (-0.36, 0.66),
    ]
    c.fill(back, coat, below=coat * 0.62, rough=0.4, volume=0.4)
    for a, b in (
        ((-0.2, 0.9), (-0.12, 0.5)),
        ((0.05, 0.72), (0.2, 0.4)),
        ((-0.28, 0.6), (-0.02, 0.34)),
        ((0.2, 0.9), (0.1, 0.66)),
    ):
        c.limb([a, ((a[0] + b[0]) / 2 + 0.04, (a[1] + b[1]) / 2), b], [0.012, 0.035, 0.012], coat * 0.5, opacity=0.6)
        c.limb([(a[0] - 0.03, a[1]), (b[0] - 0.03, b[1])], [0.02], coat * 1.5, opacity=0.3)
    c.limb([(0.22, 0.92), (0.46, 0.6), (0.76, 0.74 + nod)], [0.22, 0.19, 0.13], coat * 1.1, rough=0.3, volume=0.45)
    c.ellipse(0.8, 0.75 + nod, 0.065, 0.065, SKIN, volume=0.3)
    c.limb([(0.0, 1.04), (0.04, 1.16)], [0.18, 0.16], SKIN * 0.75, volume=0.3)
    c.limb([(-0.13, 1.05), (0.14, 1.06)], [0.11], coat * 0.8, volume=0.4)
    c.ellipse(0.05, 1.28, 0.135, 0.16, SKIN, volume=0.35)
    c.fill([(0.16, 1.31), (0.215, 1.25), (0.16, 1.23)], SKIN)
    c.ellipse(-0.01, 1.27, 0.11, 0.12, HAIR * 1.3, rough=0.4)
    c.ellipse(0.075, 1.26, 0.025, 0.04, SKIN * 0.85)
    c.fill(
        [(-0.15, 1.33), (0.19, 1.36), (0.17, 1.44), (0.08, 1.5), (-0.06, 1.49), (-0.14, 1.42)],
        cap,
        rough=0.3,
        volume=0.45,
    )
    c.limb([(-0.14, 1.345), (0.18, 1.365)], [0.06], cap * 0.75, volume=0.3)
    rod = [(0.6 + 2.5 * u, 0.66 + nod + 1.55 * u - 0.5 * u * u * (1 + 2 * nod)) for u in np.linspace(0, 1, 12)]
    c.limb(rod, [0.045, 0.04, 0.035, 0.03, 0.028, 0.025, 0.022], rgb("2f2620"))
    c.rim(-1, 0.035, SUNLIT, 0.55)
    return c


def lantern_bearer(t: float, ppm: float, speed: float) -> Canvas:
    """A fisherman in oilskins who walks to the right behind his lantern; feet at the origin."""
    c = Canvas(-1.5, -0.1, 2.2, 2.3, ppm, 6)
    phase = (t * speed / 1.4) % 1.0
    bob = 0.02 * np.cos(4 * pi * phase)
    oilskin, trousers, boots = rgb("e0a62c"), rgb("3a4454"), rgb("2c2622")
    hip, neck = (-0.02, 0.9 + bob), (0.05, 1.47 + bob)
    for k, tone in ((0.5, 0.6), (0.0, 1.0)):
        fx, fy = stride((phase + k) % 1.0)
        foot = (fx, fy + 0.07)
        joint = knee(hip, foot, 0.43, 1.0)
        c.limb([hip, joint, foot], [0.23, 0.18, 0.13], trousers * tone, volume=0.4)
        c.limb([((joint[0] + foot[0]) / 2, (joint[1] + foot[1]) / 2), foot], [0.17, 0.15], boots * tone, volume=0.4)
        c.limb([foot, (foot[0] + 0.17, foot[1] - 0.02)], [0.14, 0.1], boots * tone, volume=0.4)
    swing = 0.22 * sin(2 * pi * phase)
    hand = (-0.12 + swing, 0.9 + bob)
    c.limb([(0.0, 1.38), knee((0.0, 1.38), hand, 0.29, -1.0), hand], [0.17, 0.14, 0.1], oilskin * 0.55, volume=0.4)
    flare = 0.05 * sin(2 * pi * phase + 1)
    coat = [(-0.27 - flare, 0.56), (0.24 - flare, 0.54), (0.2, 1.0), (0.24, 1.3), (0.2, 1.42), (0.06, 1.49)]
    coat += [(-0.14, 1.44), (-0.23, 1.3), (-0.21, 1.0)]
    c.fill(coat, oilskin, below=oilskin * 0.7, rough=0.35, volume=0.45)
    folds = (
        ((-0.16, 1.3), (-0.18, 0.7)),
        ((-0.02, 1.0), (-0.08, 0.58)),
        ((0.14, 1.05), (0.12, 0.6)),
        ((0.05, 1.4), (0.1, 1.1)),
    )
    for a, b in folds:
        c.limb(
            [a, ((a[0] + b[0]) / 2 + 0.03, (a[1] + b[1]) / 2), b], [0.012, 0.03, 0.012], oilskin * 0.42, opacity=0.55
        )
        c.limb([(a[0] + 0.035, a[1]), (b[0] + 0.035, b[1])], [0.02], np.clip(oilskin * 1.4, 0, 1), opacity=0.3)
    grip = (0.5, 1.08 + bob + 0.015 * sin(4 * pi * phase))
    c.limb([neck, (0.1, 1.6 + bob)], [0.15], SKIN * 0.7)
    head = (0.1, 1.64 + bob)
    c.ellipse(*head, 0.115, 0.14, SKIN, volume=0.35)
    c.fill([(0.205, 1.67 + bob), (0.25, 1.61 + bob), (0.2, 1.6 + bob)], SKIN)
    beard = [(0.0, 1.64), (0.1, 1.58), (0.21, 1.585), (0.2, 1.5), (0.12, 1.46), (0.02, 1.54)]
    c.fill([(x, y + bob) for x, y in beard], rgb("b8ae9c"), rough=0.5, volume=0.3)
    c.limb([(0.165, 1.665 + bob), (0.19, 1.665 + bob)], [0.022], HAIR)
    brim = [
        (-0.2, 1.6),
        (-0.06, 1.71),
        (0.16, 1.73),
        (0.27, 1.69),
        (0.27, 1.715),
        (0.17, 1.77),
        (-0.04, 1.77),
        (-0.2, 1.65),
    ]
    crown = [(-0.05, 1.74), (0.18, 1.74), (0.16, 1.83), (0.09, 1.87), (0.0, 1.86), (-0.05, 1.8)]
    c.fill([(x, y + bob) for x, y in crown], oilskin, below=oilskin * 0.8, volume=0.45)
    c.fill([(x, y + bob) for x, y in brim], oilskin * 0.85, volume=0.3)
    c.limb(
        [(0.04, 1.39), knee((0.04, 1.39), grip, 0.3, -1.0), grip],
        [0.18, 0.15, 0.11],
        oilskin * 1.05,
        rough=0.3,
        volume=0.45,
    )
    c.ellipse(*grip, 0.055, 0.055, SKIN, volume=0.3)
    lx, ly = grip[0] + 0.03 + 0.03 * sin(2 * pi * phase), grip[1] - 0.36
    iron = rgb("2a2a28")
    c.limb([grip, (lx - 0.09, ly + 0.2)], [0.015], iron)
    c.limb([grip, (lx + 0.09, ly + 0.2)], [0.015], iron)
    c.fill([(lx - 0.12, ly + 0.16), (lx + 0.12, ly + 0.16), (lx + 0.05, ly + 0.26), (lx - 0.05, ly + 0.26)], iron)
    c.rect(lx - 0.09, ly - 0.12, 0.18, 0.28, rgb("f0d890"), glow=(1.15, 0.86, 0.45))
    for x in (lx - 0.09, lx, lx + 0.09):
        c.limb([(x, ly - 0.12), (x, ly + 0.17)], [0.014], iron)
    c.rect(lx - 0.12, ly - 0.19, 0.24, 0.08, iron)
    c.rim(1, 0.05, (1.0, 0.66, 0.42), 0.5)
    c.lamplight(lx, ly, 0.85, (1.5, 1.05, 0.55))
    c.halo(lx, ly, 1.1, (0.9, 0.58, 0.26))
    return c
