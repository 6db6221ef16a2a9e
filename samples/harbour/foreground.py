"""The near edge of the picture: the stones under our feet, bollards and their ropes."""

from __future__ import annotations

import numpy as np
from boats import rope
from paint import Canvas, rgb


def bollard(c: Canvas, x: float) -> None:
    """A worn iron bollard with turns of rope around its waist."""
    iron = rgb("3c4244")
    c.ellipse(x + 0.1, 0.0, 0.42, 0.13, (0.05, 0.04, 0.06), opacity=0.5)
    c.fill(
        [(x - 0.22, 0), (x + 0.22, 0), (x + 0.16, 0.5), (x + 0.3, 0.62), (x - 0.3, 0.62), (x - 0.16, 0.5)],
        iron,
        below=iron * 0.7,
        rough=0.5,
        volume=0.5,
    )
    c.fill(
        [(x + 0.04, 0), (x + 0.22, 0), (x + 0.16, 0.5), (x + 0.3, 0.62), (x + 0.1, 0.62)],
        (0.03, 0.03, 0.06),
        opacity=0.45,
    )
    c.fill([(x - 0.2, 0.04), (x - 0.1, 0.04), (x - 0.07, 0.5), (x - 0.13, 0.5)], rgb("b8a68c"), opacity=0.4, rough=0.6)
    c.ellipse(x, 0.64, 0.3, 0.1, rgb("6a6862"), rough=0.5)
    for k in range(4):
        tone = rgb("c9ad78") * (0.75 + 0.1 * k)
        rope(c, (x - 0.2, 0.14 + 0.085 * k), (x + 0.2, 0.13 + 0.085 * k), 0.03, 0.085, tone)
        rope(c, (x - 0.19, 0.115 + 0.085 * k), (x + 0.19, 0.105 + 0.085 * k), 0.03, 0.025, tone * 0.5)


def coil(c: Canvas, x: float, y: float) -> None:
    """A coil of rope lying on the stones."""
    c.ellipse(x + 0.06, y - 0.03, 0.56, 0.17, (0.05, 0.04, 0.06), opacity=0.5)
    for k in range(9):
        r = 0.52 - 0.045 * k
        a = np.linspace(0, 2 * np.pi, 32)
        lift = 0.022 * k
        ring = [(x + r * np.cos(v), y + lift + 0.3 * r * np.sin(v)) for v in a]
        c.limb(ring, [0.07], rgb("c2a470") * (0.62 + 0.05 * k), rough=0.35)
        c.limb([(px, py + 0.018) for px, py in ring], [0.022], rgb("ecd7a6"), opacity=0.55)


def near_quay(ppm: float) -> Canvas:
    """A strip of granite edge stones; y = 0 is their far edge."""
    left, right = -12.0, 15.0
    c = Canvas(left, -1.2, right, 1.1, ppm, 17)
    c.rect(left, -1.2, right - left, 1.2, rgb("8d8378"), rough=0.3)
    for k, (low, high) in enumerate(((-0.2, 0.0), (-0.46, -0.2), (-0.8, -0.46), (-1.2, -0.8))):
        x = left - 0.4 * (k % 2)
        while x < right:
            w = 1.5 + 0.6 * c.rng.random() if k == 0 else 0.7 + 0.5 * c.rng.random()
            tone = rgb("aa9d8c" if k == 0 else "8b8075") * (0.78 + 0.36 * c.rng.random())
            a, b = 1 - 0.3 * low, 1 - 0.3 * high
            corners = [(x * a, low), ((x + w) * a, low), ((x + w) * b, high), (x * b, high)]
            c.fill(corners, rgb("4a443f"), rough=0.3)
            gap = 0.02
            corners = [
                ((x + gap) * a, low + gap),
                ((x + w - gap) * a, low + gap),
                ((x + w - gap) * b, high - 0.01),
                ((x + gap) * b, high - 0.01),
            ]
            c.fill(corners, tone * 1.06, below=tone * 0.92, rough=0.5, streaks=0.1)
            x += w
    c.rect(left, -0.035, right - left, 0.035, rgb("e2d4ba"), opacity=0.65, rough=0.4)
    for x in (-6.4, -1.6, 3.4, 8.2, 13.0):
        bollard(c, x)
    coil(c, 5.0, -0.3)
    coil(c, 11.2, -0.36)
    rope(c, (3.4, 0.3), (15.5, 0.9), 0.5, 0.075, rgb("b89c6c"))
    rope(c, (-11.5, 0.5), (-1.6, 0.3), 0.38, 0.075, rgb("bfa273"))
    c.rim(-1, 0.03, (1.0, 0.9, 0.72), 0.5)
    return c


def jetty(ppm: float) -> Canvas:
    """A strip of worn planks between piles that carry a rope; y = 0 is its far edge."""
    left, right = -7.0, 9.0
    c = Canvas(left, -0.7, right, 1.1, ppm, 23)
    wood = rgb("8a6f54")
    c.rect(left, -0.7, right - left, 0.7, wood * 0.4)
    x = left
    while x < right:
        w = 0.24 + 0.08 * c.rng.random()
        tone = wood * (0.7 + 0.5 * c.rng.random())
        far, near = 1.0, 1.22
        plank = [(x * near, -0.7), ((x + w - 0.02) * near, -0.7), ((x + w - 0.02) * far, 0.0), (x * far, 0.0)]
        c.fill(plank, tone, below=tone * 0.85, rough=0.4, streaks=0.5)
        x += w
    c.rect(left, -0.05, right - left, 0.07, rgb("b09472"), rough=0.5, streaks=0.3)
    for x in (-5.4, -2.2, 1.0, 4.2, 7.4):
        rope(c, (x, 0.62), (x + 3.2, 0.62), 0.2, 0.055, rgb("c2a878"))
    for x in (-5.4, -2.2, 1.0, 4.2, 7.4):
        c.limb([(x, -0.1), (x, 0.78)], [0.27, 0.25], rgb("5c4632"), rough=0.4, streaks=0.5, volume=0.5)
        c.ellipse(x, 0.86, 0.125, 0.05, rgb("a88c68"), rough=0.4)
        for k in range(3):
            rope(
                c, (x - 0.13, 0.58 + 0.05 * k), (x + 0.13, 0.57 + 0.05 * k), 0.02, 0.05, rgb("c2a878") * (0.8 + 0.1 * k)
            )
    c.rim(1, 0.03, (1.0, 0.66, 0.42), 0.35)
    return c
