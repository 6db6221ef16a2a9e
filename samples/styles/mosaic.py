"""mosaic: two carp circling in a pool, in stone and glass tesserae whose rows follow the contours."""

from __future__ import annotations

import cv2
import numpy as np
from _canvas import SCALE, Array, fbm, grid, mix, palette, ramp, save, vary

W, H = 640, 520
WATER = palette("0f3f5c 17607a 2a8a94 6fc0b0 bfe3cf 2a8a94 17607a")
FISH = [palette("a81f1f d8402a f0843a f8c06a fbe9c8"), palette("f4efe2 e8dcc0 f0a03a d8502a f8f2e6")]
BORDER = palette("7a1f22 d9a441 f0e2c0")
PITCH = 8.6


def fish(cx: float, cy: float, turn: float, size: float) -> tuple[Array, Array, Array]:
    """Distances to a carp that bends round the pool: body, fins; and the place along it from nose to tail."""
    x, y = grid(W, H)
    dx, dy = (x - cx) / size, (y - cy) / size
    u, v = dx * np.cos(turn) + dy * np.sin(turn), -dx * np.sin(turn) + dy * np.cos(turn)
    v = v - 0.42 * (np.where(u < -0.7, 0.49 - 0.7 * (u + 0.7), u * u) - 0.25)
    along = np.clip((0.95 - u) / 1.6, 0, 1)
    half = 0.35 * np.clip(np.sin(np.pi * along**0.62), 0, 1) ** 0.8 * (1 - 0.42 * along)
    half = np.maximum(half, 0.07 * (u > -0.78) * (u < -0.4))
    body = np.where((u < 0.95) & (u > -0.78), half - np.abs(v), -1)
    side = np.abs(v)

    def lobe(at: float, out: float, lean: float, long: float, wide: float) -> Array:
        a, b = (
            (u - at) * np.cos(lean) + (side - out) * np.sin(lean),
            -(u - at) * np.sin(lean) + (side - out) * np.cos(lean),
        )
        return (a / long) ** 2 + (b / wide) ** 2 < 1

    fan = np.arctan2(side, -(u + 0.64))
    tail = np.hypot(u + 0.64, v) < 0.56 * (0.5 + 0.75 * fan) * (fan < 0.85)
    front, rear = lobe(0.22, 0.45, 2.2, 0.25, 0.13), lobe(-0.36, 0.26, 2.4, 0.18, 0.09)
    return body, tail | front | rear, np.stack([u, v, along])


def design() -> tuple[list[Array], Array]:
    """The regions to tile one after another, and the colour of every place."""
    rng = np.random.default_rng(9)
    x, y = grid(W, H)
    shape = x.shape
    inset = np.minimum.reduce([x, y, W - x, H - y])
    regions, colour = [], np.zeros((*shape, 3), np.float32)
    pool = inset > 4 * PITCH
    taken = ~pool
    for k, (cx, cy, turn) in enumerate(((268.0, 172.0, -0.12), (372.0, 348.0, np.pi - 0.12))):
        body, fins, (u, v, _along) = fish(cx, cy, turn, 165.0)
        patches = fbm(shape, 55, rng, 3)
        scale_rows = 0.5 + 0.5 * np.sin(u * 42 + 3 * np.cos(v * 24))
        tone = ramp(
            FISH[k], np.clip(0.1 + 1.1 * np.abs(v) / 0.3 * 0.5 + 0.55 * (patches - 0.35) + 0.2 * scale_rows, 0, 1)
        )
        if k == 1:
            tone = np.where(
                (patches > 0.56)[..., None], palette("d8381f")[0] * (0.8 + 0.3 * scale_rows)[..., None], tone
            )
        else:
            tone = np.where((patches < 0.36)[..., None], palette("fbf0d8")[0], tone)
        eye = np.hypot(u - 0.72, np.abs(v) - 0.12)
        tone = np.where((eye < 0.045)[..., None], palette("14121a")[0], tone)
        inside = (body > 0) & pool
        fin_tone = ramp(palette("f8d890 f09a3a c83a22"), np.clip(np.hypot(u + 0.2, v) * 0.9, 0, 1))
        outline = inside & (cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 5) < PITCH * SCALE * 0.95)
        colour = np.where((fins & pool)[..., None], fin_tone, colour)
        colour = np.where(inside[..., None], tone, colour)
        colour = np.where((outline & (np.abs(v) > 0.03))[..., None], palette("6a1420 1f2a4a")[k], colour)
        regions += [inside, fins & pool & ~inside]
        taken |= inside | fins
    for cx, cy, r in ((98.0, 420.0, 46.0), (545.0, 110.0, 52.0), (480.0, 62.0, 26.0), (165.0, 462.0, 26.0)):
        far, ang = np.hypot(x - cx, y - cy), np.arctan2(y - cy, x - cx)
        pad = (far < r) & ~taken & ~(np.abs(ang - 0.7) < 0.2)
        colour = np.where(pad[..., None], ramp(palette("d8d86a 6fa83a 2f6a34"), far / r), colour)
        colour = np.where((pad & (far < 0.3 * r))[..., None], palette("f08ab0")[0], colour)
        regions.append(pad)
        taken |= pad
    open_water = pool & ~taken
    far = cv2.distanceTransform((~taken | ~pool).astype(np.uint8), cv2.DIST_L2, 5) / SCALE
    waves = 0.5 + 0.5 * np.sin(far / 9.5 + 1.5 * fbm(shape, 60, rng))
    water = ramp(WATER, np.clip(0.75 * waves + 0.5 * (fbm(shape, 50, rng) - 0.4), 0, 1))
    colour = np.where(open_water[..., None], water, colour)
    ring = np.clip(inset / PITCH, 0, 3.99).astype(int)
    frame = BORDER[np.array([0, 1, 2, 0])[ring]]
    chequer = ((x + y) // 26).astype(int) % 2 == 0
    frame = np.where(((ring == 2) & chequer)[..., None], palette("1f5a6a")[0], frame)
    frame = np.where(((ring == 1) & ((x - y) // 40 % 2 == 0))[..., None], palette("c8502a")[0], frame)
    colour = np.where(pool[..., None], colour, frame)
    return [~pool, *regions, open_water], colour


def main() -> None:
    """Lay rows of tesserae from every contour inwards, fill the gaps with chips, and grout."""
    rng = np.random.default_rng(12)
    regions, colour = design()
    h, w = colour.shape[:2]
    size = PITCH * SCALE
    taken = np.zeros((h, w), np.uint8)
    picture = (palette("8f8577")[0] * (0.75 + 0.5 * fbm((h, w), 3, rng, 3))[..., None] * 255).astype(np.uint8)

    def tile(px: float, py: float, turn: float, side: float) -> None:
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (
            side / 2 * rng.uniform(0.93, 1.05),
            side / 2 * 0.97,
        ) + rng.normal(0, 0.04 * side, (4, 2))
        c, s = np.cos(turn), np.sin(turn)
        corners = corners @ np.array([[c, s], [-s, c]]) + (px, py)
        box = np.round(corners * 16).astype(np.int32)
        x0, y0 = np.maximum(corners.min(0).astype(int) - 1, 0)
        x1, y1 = np.minimum(corners.max(0).astype(int) + 2, (w, h))
        if x1 <= x0 or y1 <= y0:
            return
        stamp = np.zeros((y1 - y0, x1 - x0), np.uint8)
        cv2.fillPoly(stamp, [box - np.array([x0, y0], np.int32) * 16], 1, cv2.LINE_8, 4)
        window = taken[y0:y1, x0:x1]
        if stamp.sum() == 0 or (window & stamp).sum() > 0.16 * stamp.sum():
            return
        window |= cv2.dilate(stamp, np.ones((3, 3), np.uint8))
        at = colour[min(max(int(py), 0), h - 1), min(max(int(px), 0), w - 1)]
        tone = vary(at[None], rng, 0.025, 0.13)[0] * 255
        cv2.fillPoly(picture, [box], tone.tolist(), cv2.LINE_AA, 4)
        bright, dark = np.minimum(tone * 1.3 + 22, 255), tone * 0.62
        for a, b in ((0, 1), (1, 2), (2, 3), (3, 0)):
            edge = corners[b] - corners[a]
            facing = (edge[1] - edge[0]) / (np.hypot(*edge) + 1e-6)
            inner = corners + (np.array([px, py]) - corners) * 0.13
            line = [tuple(int(v * 16) for v in inner[k]) for k in (a, b)]
            cv2.line(picture, *line, (bright if facing < 0 else dark).tolist(), 2, cv2.LINE_AA, 4)

    for region in regions:
        far = cv2.distanceTransform(np.pad(region, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
        level = 0.52 * size
        while level < far.max():
            rows, _ = cv2.findContours((far > level).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
            for row in rows:
                line = row[:, 0].astype(np.float32)
                if len(line) < size:
                    continue
                smooth = cv2.blur(np.concatenate([line[-9:], line, line[:9]])[:, None], (1, 9))[9:-9, 0]
                walk = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(smooth, axis=0).T))])
                for s in np.arange(rng.uniform(0, size), walk[-1], size * 1.03):
                    k = min(int(np.searchsorted(walk, s)), len(smooth) - 1)
                    d = smooth[min(k + 5, len(smooth) - 1)] - smooth[max(k - 5, 0)]
                    tile(smooth[k][0], smooth[k][1], float(np.arctan2(d[1], d[0])), size * 0.92)
            level += size * 1.02
    for side in (0.7, 0.5, 0.36):
        for px, py in rng.random((14_000, 2)) * (w, h):
            if not taken[int(py), int(px)]:
                tile(px, py, rng.uniform(0, np.pi), size * side)
    relief = 1 + 0.10 * (fbm((h, w), 2.2, rng, 2) - 0.5)
    save(mix(picture.astype(np.float32) / 255 * relief[..., None], palette("fff0d0")[0], 0.03), "mosaic")


if __name__ == "__main__":
    main()
