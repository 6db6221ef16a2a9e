"""brushwork: a low sun over hills and wheat, in thick oil strokes that follow the swirl of the air."""

from __future__ import annotations

import numpy as np
from _canvas import Array, brush, fbm, grid, light, mix, palette, paths, ramp, save, step, vary

W, H = 640, 500
SKY = palette("16357a 2a5fb0 4f93cf 9fcbd6 f3e3a0 f6c244")
SUN, HILLS, FIELD = (
    palette("fff2b0 ffd23f f59a23"),
    palette("1f3f63 2f6a6b 5c8f4e a7b04a"),
    palette("f4d35e e0a030 b9722a f7e7a1"),
)
CYPRESS, POPPY = palette("10261f 1f4a35 3f6a3a"), palette("d7322e e8552f")[0]
SUN_AT = (455.0, 140.0)


def scene() -> tuple[Array, Array]:
    """The colours to paint and the direction of the strokes, everywhere."""
    rng = np.random.default_rng(4)
    x, y = grid(W, H)
    shape = x.shape
    wobble = fbm(shape, 90, rng)
    dx, dy = x - SUN_AT[0], y - SUN_AT[1]
    far = np.hypot(dx, dy)
    angle = 0.5 * np.sin(x / 75) + 0.6 * (wobble - 0.5)
    flow_x, flow_y = np.cos(angle), np.sin(angle)
    for cx, cy, size, way in (
        (170.0, 120.0, 85.0, 1.0),
        (300.0, 215.0, 48.0, -1.0),
        (40.0, 235.0, 55.0, -1.0),
        (*SUN_AT, 105.0, 1.0),
        (600.0, 40.0, 60.0, -1.0),
    ):
        ux, uy = x - cx, y - cy
        r = np.hypot(ux, uy) + 1e-3
        pull = 3.2 * np.exp(-((r / size) ** 2)) * way
        flow_x, flow_y = flow_x - uy / r * pull, flow_y + ux / r * pull
    angle = np.arctan2(flow_y, flow_x)
    swirl = 0.5 + 0.5 * np.sin(far / 11 + 3 * wobble)
    colour = ramp(
        SKY, 0.08 + 0.62 * np.exp(-far / 190) + 0.34 * (fbm(shape, 45, rng) - 0.4) + 0.13 * np.sin(y / 14 + 6 * wobble)
    )
    r2 = np.hypot(x - 170, y - 120)
    colour = mix(colour, palette("e9efe0")[0], 0.75 * np.exp(-(((r2 - 52) / 15) ** 2)) * (0.4 + 0.6 * wobble))
    colour = mix(colour, ramp(SUN, swirl), np.exp(-((far / 62) ** 4)))
    colour = mix(colour, palette("ffd86b")[0], 0.8 * np.exp(-(((far - 88) / 11) ** 2)))
    for k, (base, rise, seed) in enumerate(((285, 55, 1), (325, 45, 2), (360, 34, 3))):
        local = np.random.default_rng(seed)
        ridge = base - rise * np.sin(x / (95 - 12 * k) + 2.1 * k) * 0.55 - 30 * (fbm((1, shape[1]), 120, local) - 0.5)
        inside = step(-1.5, 1.5, y - ridge)
        slope = np.arctan(np.gradient(ridge[0]) * 2)[None, :]
        tone = ramp(HILLS, 0.15 + 0.26 * k + 0.5 * (fbm(shape, 34, local) - 0.35) + 0.16 * np.sin((y - ridge) / 6))
        colour = mix(colour, tone, inside)
        angle = np.where(inside > 0.5, slope + 0.35 * np.sin((y - ridge) / 13), angle)
    edge = 392 + 14 * np.sin(x / 120) + 8 * np.sin(x / 37)
    wheat = step(-2, 2, y - edge)
    tone = ramp(FIELD, 0.5 + 0.5 * np.sin(x / 9 + y / 15 + 5 * wobble) * 0.7 + 0.5 * (fbm(shape, 18, rng) - 0.5))
    tone = mix(tone, palette("5f7a3a")[0], 0.7 * step(0.58, 0.7, fbm(shape, 40, rng, 5, 3.0)))
    tone = mix(tone, POPPY, step(0.66, 0.7, fbm(shape, 13, rng, 2)))
    colour = mix(colour, tone, wheat)
    angle = np.where(wheat > 0.5, -1.25 + 0.55 * np.sin(x / 60 + y / 40), angle)
    for at, foot, top, wide in ((92.0, 470.0, 60.0, 34.0), (142.0, 455.0, 190.0, 22.0)):
        v = np.clip((y - top) / (foot - top), 0, 1)
        sway = at + 9 * np.sin(y / 34) * (1 - v)
        width = wide * np.clip(v * 1.9, 0, 1) ** 0.7 * (1.08 - 0.45 * v**4) * (0.85 + 0.2 * np.sin(y / 13))
        inside = step(-2, 2, width - np.abs(x - sway)) * (y > top) * (y < foot)
        colour = mix(colour, ramp(CYPRESS, fbm(shape, 12, rng, 3, 0.5) * 1.1 - 0.25 * (x - sway) / wide), inside)
        angle = np.where(inside > 0.5, -np.pi / 2 + 0.5 * np.sin(y / 15) + 0.4 * (x - sway) / wide, angle)
    return colour.astype(np.float32), angle.astype(np.float32)


def main() -> None:
    """Paint from broad underpainting to small accents."""
    rng = np.random.default_rng(11)
    target, angle = scene()
    h, w = angle.shape
    picture = np.full((h, w, 3), (150, 110, 70), np.uint8)
    relief = np.full((h, w), 60, np.uint8)
    for count, length, width in ((1400, 120, 40), (3800, 84, 21), (5200, 54, 13)):
        start = rng.random((count, 2)) * (w, h)
        colours = target[start[:, 1].astype(int), start[:, 0].astype(int)]
        size = rng.uniform(0.7, 1.25, count)
        brush(
            picture, relief, paths(angle, start, length * size), vary(colours, rng, 0.035, 0.10), width * size, rng, 9
        )
    lit = light(picture.astype(np.float32) / 255, relief.astype(np.float32) / 255, 0.85, 1.1)
    save(lit * 1.03, "brushwork")


if __name__ == "__main__":
    main()
