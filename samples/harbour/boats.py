"""Boats seen from the side, waterline at y = 0, bow to the right."""

from __future__ import annotations

import numpy as np
from paint import Array, Canvas, rgb


def sheer(u: Array, freeboard: float, bow: float) -> Array:
    """Height of the gunwale along the hull, u from stern 0 to bow 1."""
    return freeboard * (1 + 0.12 * (1 - u) ** 2) + (bow - freeboard) * u**2.6


def hull(c: Canvas, length: float, freeboard: float, bow: float, paint: Array, stripe: Array, boot: Array) -> None:
    """A planked hull with a raked bow, a gunwale stripe and a painted waterline."""
    u = np.linspace(0, 1, 40, dtype=np.float32)
    top = sheer(u, freeboard, bow)
    rake = 0.09 * length

    def along(level: float) -> tuple[Array, Array]:
        height = -0.15 + (top + 0.15) * level
        return (u - 0.5) * length + rake * (level - 0.6) * (u**5) - 0.03 * length * (1 - level) * -(
            (1 - u) ** 5
        ), height

    def band(low: float, high: float, colour: Array, **how: object) -> None:
        (xa, ya), (xb, yb) = along(low), along(high)
        c.fill(np.concatenate([np.stack([xa, ya], 1), np.stack([xb, yb], 1)[::-1]]), colour, **how)

    band(0.0, 1.0, paint * 1.1, below=paint * 0.62, rough=0.2, streaks=0.16)
    for level in np.linspace(0.25, 0.9, 6):
        band(level, level + 0.016, paint * 0.5, opacity=0.55)
    for _ in range(9):
        x, w = (c.rng.random() - 0.5) * length * 0.85, 0.05 + 0.12 * c.rng.random()
        c.rect(x, 0.1, w, freeboard * 0.7, rgb("6b3d22"), opacity=0.16, rough=0.6)
    band(0.0, 0.24, boot, rough=0.3)
    band(0.0, 0.12, rgb("1d2420"), rough=0.5, opacity=0.8)
    band(0.88, 1.0, stripe, rough=0.12)
    band(0.83, 0.88, (0.05, 0.04, 0.05), opacity=0.45)


def rope(c: Canvas, a: tuple[float, float], b: tuple[float, float], sag: float, width: float, colour: Array) -> None:
    """A line from a to b that hangs through by sag."""
    u = np.linspace(0, 1, 14)
    points = [(a[0] + (b[0] - a[0]) * k, a[1] + (b[1] - a[1]) * k - sag * 4 * k * (1 - k)) for k in u]
    c.limb(points, [width], colour, rough=0.2)


def fender(c: Canvas, x: float, y: float, colour: Array) -> None:
    """A fender on its lanyard."""
    c.limb([(x, y), (x, y - 0.35)], [0.04], rgb("d8ccb0"))
    c.limb([(x, y - 0.4), (x, y - 0.72)], [0.24], colour, volume=0.5)
    c.limb([(x - 0.05, y - 0.42), (x - 0.05, y - 0.62)], [0.07], np.clip(colour * 1.5, 0, 1), opacity=0.6)


def sailing_boat(ppm: float, seed: int, paint: str, length: float = 8.5, cover: str = "2f4f7a") -> Canvas:
    """A sloop with its sail furled on the boom."""
    mast = length * 1.28
    c = Canvas(-length * 0.62, -0.2, length * 0.66, mast + 1.4, ppm, seed)
    wood, alloy = rgb("8a5c34"), rgb("cfc8bb")
    foot = length * 0.08
    for end in (length * 0.53, -length * 0.49):
        c.limb([(foot, mast + 0.9), (end, 1.0)], [0.045], rgb("b8b4ac"), opacity=0.8)
    for end in (-0.5, 0.45):
        c.limb([(foot, mast * 0.82), (foot + end, 0.9)], [0.04], rgb("a8a49c"), opacity=0.7)
    c.fill(
        [(-length * 0.24, 0.9), (length * 0.2, 0.9), (length * 0.14, 1.5), (-length * 0.2, 1.55)],
        rgb("ece4d2"),
        below=rgb("b8ae9c"),
    )
    for k in range(4):
        c.rect(
            -length * 0.17 + k * length * 0.075,
            1.1,
            length * 0.05,
            0.22,
            rgb("28313a"),
            glow=(0.9, 0.6, 0.28) if seed % 2 else None,
        )
    hull(c, length, 0.95, 1.45, rgb(paint), rgb("c89a5a"), rgb("7a2a26"))
    c.limb([(foot, 1.1), (foot, mast + 1.1)], [0.2, 0.12], alloy, rough=0.05)
    c.limb([(foot + 0.05, 1.1), (foot + 0.04, mast + 1.1)], [0.07, 0.04], rgb("6a655e"), opacity=0.7)
    c.limb([(foot - 0.9, mast * 0.62), (foot + 0.9, mast * 0.62)], [0.08], alloy)
    c.limb([(foot, 2.15), (-length * 0.42, 2.05)], [0.16], wood)
    u = np.linspace(0, 1, 16)
    lumps = 0.17 + 0.06 * np.sin(u * 17) + 0.04 * c.rng.random(16)
    furled = [(foot - 0.1 - k * length * 0.48, 2.3 + v) for k, v in zip(u, lumps, strict=True)]
    c.fill([*furled, (-length * 0.42, 2.05), (foot, 2.15)], rgb(cover), below=rgb(cover) * 0.55, rough=0.35)
    for k in np.linspace(0.08, 0.95, 7):
        x = foot - 0.1 - k * length * 0.48
        c.limb([(x, 2.08), (x - 0.03, 2.5)], [0.05], rgb("e8e0cc"), opacity=0.7)
    c.fill([(foot, mast + 1.1), (foot - 0.75, mast + 0.98), (foot, mast + 0.72)], rgb("c23a30"))
    for x in (-0.3 * length, -0.02 * length, 0.22 * length):
        fender(c, x, 0.9, rgb("e8e4da") if seed % 2 else rgb("2f4a7a"))
    for x in np.linspace(-0.46, 0.5, 9) * length:
        c.limb([(x, 1.0), (x, 1.55)], [0.04], alloy, opacity=0.9)
    rope(c, (-0.46 * length, 1.5), (0.5 * length, 1.7), 0.02, 0.03, alloy)
    c.rim(-1, 0.12, (1.0, 0.93, 0.78), 0.45)
    return c


def fishing_boat(ppm: float, seed: int, paint: str, length: float = 11.0) -> Canvas:
    """A wooden trawler with a wheelhouse, a derrick, nets, floats and tyres."""
    c = Canvas(-length * 0.56, -0.2, length * 0.64, 9.2, ppm, seed)
    wood, white, dark = rgb("7a4f2c"), rgb("ebe3d0"), rgb("2a2a2c")
    c.limb([(2.2, 1.6), (2.2, 8.2)], [0.24, 0.14], wood)
    c.limb([(2.2, 2.4), (-1.4, 6.4)], [0.17, 0.1], wood)
    for end in ((length * 0.55, 2.5), (-length * 0.48, 1.6), (-1.4, 6.4)):
        c.limb([(2.2, 8.0), end], [0.05], rgb("4a443c"), opacity=0.85)
    for k in range(7):
        paint_flag = rgb(["c23a30", "e8b23a", "2f5a8a", "efe6d2"][k % 4])
        u = (k + 0.6) / 8
        x, y = 2.2 + (length * 0.55 - 2.2) * u, 8.0 - 5.5 * u
        c.fill([(x, y), (x + 0.5, y - 0.42), (x + 0.12, y - 0.62)], paint_flag)
    c.rect(-4.3, 1.2, 3.1, 2.9, white, below=white * 0.78, streaks=0.25)
    c.rect(-1.75, 1.2, 0.55, 2.9, (0.1, 0.08, 0.16), opacity=0.3)
    c.rect(-4.6, 4.0, 3.7, 0.22, rgb("a8402f"))
    c.rect(-4.4, 3.82, 3.3, 0.2, (0.05, 0.05, 0.08), opacity=0.5)
    for x in (-4.0, -3.0, -2.0):
        c.rect(x - 0.06, 2.75, 0.82, 0.96, rgb("7a4f2c"))
        c.rect(x, 2.8, 0.7, 0.85, rgb("51616e"), below=rgb("232a30"), rough=0.5, glow=(0.66, 0.42, 0.18))
        c.rect(x, 2.8, 0.7, 0.3, rgb("2a2420"), rough=0.5, opacity=0.55)
        c.rect(x + 0.1, 2.8, 0.16, 0.55, rgb("3a2c22"), opacity=0.6)
    c.rect(-2.1, 1.2, 0.75, 1.35, rgb("5a7a70"), streaks=0.2)
    c.limb([(-3.9, 4.2), (-3.9, 6.3)], [0.09], dark)
    c.limb([(-4.5, 5.8), (-3.3, 5.8)], [0.07], dark)
    c.ellipse(-3.2, 4.45, 0.24, 0.24, rgb("e8e0c8"), glow=(1.0, 0.9, 0.62))
    c.halo(-3.2, 4.45, 1.6, (0.8, 0.62, 0.36))
    for k in range(60):
        x, h = -0.6 + 2.3 * c.rng.random(), c.rng.random()
        net = rgb(["3f6a5c", "4f7a66", "2f5248", "8a6a3a"][k % 4]) * (0.7 + 0.5 * h)
        c.ellipse(x, 1.35 + 0.75 * h * np.exp(-((x - 0.5) ** 2)), 0.28, 0.13, net, rough=0.6)
    for k in range(12):
        c.ellipse(-0.4 + 0.19 * k, 1.55 + 0.28 * c.rng.random(), 0.13, 0.13, rgb("e2752c"))
    for k in range(4):
        c.rect(3.0 + 0.36 * (k % 2), 1.5 + 0.33 * (k // 2), 0.62, 0.3, rgb(["2f5a8a", "b8a23a"][k % 2]), rough=0.3)
    hull(c, length, 1.25, 2.6, rgb(paint), white, rgb("8a2f28"))
    for x in (-3.6, -1.6, 0.5, 2.4):
        c.ellipse(x, 0.85, 0.4, 0.42, rgb("201f1f"))
        c.ellipse(x, 0.85, 0.19, 0.21, rgb(paint) * 0.6)
        c.limb([(x, 1.25), (x, 1.6)], [0.05], rgb("c8b890"))
    for k in range(5):
        c.rect(3.4 + 0.28 * k, 1.75 + 0.04 * k, 0.16, 0.3, white, opacity=0.9)
    c.rim(-1, 0.14, (1.0, 0.92, 0.76), 0.4)
    return c


def dinghy(ppm: float, seed: int, paint: str) -> Canvas:
    """A small open boat under a tarpaulin."""
    c = Canvas(-2.4, -0.2, 2.6, 1.3, ppm, seed)
    tarp = [(-1.7, 0.45), (-0.8, 0.85), (0.3, 0.92), (1.3, 0.7), (1.7, 0.55)]
    c.fill([*tarp, (1.7, 0.3), (-1.7, 0.3)], rgb("c2a878"), below=rgb("8a6f4a"), rough=0.35, volume=0.3)
    hull(c, 4.2, 0.45, 0.72, rgb(paint), rgb("d9c08a"), rgb("3a2a24"))
    c.rim(-1, 0.08, (1.0, 0.92, 0.76), 0.4)
    return c
