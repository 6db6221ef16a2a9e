"""linocut: a heron under a red moon, cut in lines that follow every form, printed black over three colours."""

from __future__ import annotations

import cv2
import numpy as np
from _canvas import SCALE, Array, fbm, grid, mix, palette, save, step

W, H = 560, 640
PAPER, INK, TEAL, RED, OCHRE = palette("f1e6cc 191a1c 2c8a86 d8402a e6a93a")
MOON = (350.0, 175.0, 92.0)


def shape_of(points: list[tuple[float, float]], smooth: float = 5.0) -> Array:
    """A filled outline with softened corners, as a mask."""
    mask = np.zeros((H * SCALE, W * SCALE), np.uint8)
    cv2.fillPoly(mask, [np.round(np.array(points) * SCALE * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return step(0.42, 0.58, cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), smooth))


def heron() -> tuple[Array, Array, Array]:
    """Masks of the bird: body with neck and head; bill and legs; wing."""
    body = shape_of(
        [
            (212, 150),
            (236, 136),
            (262, 146),
            (268, 166),
            (250, 182),
            (240, 206),
            (252, 236),
            (276, 268),
            (300, 300),
            (352, 350),
            (420, 420),
            (452, 462),
            (400, 456),
            (330, 448),
            (268, 428),
            (226, 384),
            (214, 330),
            (226, 280),
            (214, 240),
            (204, 206),
            (204, 176),
        ]
    )
    bill = shape_of([(216, 152), (210, 172), (128, 178), (126, 174)], 1.5)
    legs = np.maximum.reduce(
        [
            shape_of(p, 1.2)
            for p in (
                [(296, 440), (306, 440), (300, 590), (292, 590)],
                [(330, 444), (340, 444), (372, 520), (364, 522)],
                [(364, 516), (373, 518), (352, 592), (344, 592)],
            )
        ]
    )
    crest = shape_of([(250, 140), (318, 150), (352, 168), (316, 160), (256, 158)], 2.0)
    wing = shape_of(
        [(252, 300), (300, 308), (360, 362), (428, 430), (470, 480), (404, 462), (330, 440), (276, 408), (250, 360)], 4
    )
    return np.maximum(body, crest), np.maximum(bill, legs), wing


def main() -> None:
    """Cut the key block from lines whose width is the tone, then print over flat colours."""
    rng = np.random.default_rng(14)
    x, y = grid(W, H)
    shape = x.shape
    drift = fbm(shape, 60, rng, 4) - 0.5
    hand = fbm(shape, 9, rng, 3) - 0.5
    far = np.hypot(x - MOON[0], y - MOON[1])
    body, limbs, wing = heron()
    phase = far / 9.5 + 1.6 * drift
    tone = 0.30 + 0.30 * step(110, 420, far)
    moon = step(1, -1, far - MOON[2])
    phase = np.where(moon > 0.5, y / 8 + 1.5 * drift, phase)
    tone = np.where(moon > 0.5, 0.10 + 0.22 * step(-60, 90, y - MOON[1]), tone)
    colour = mix(np.broadcast_to(TEAL, (*shape, 3)), OCHRE, step(150, 96, far) * 0.9)
    colour = mix(colour, PAPER, 0.85 * step(8, 2, np.abs(far - 104)))
    colour = mix(colour, RED, moon)
    for k, (base, rise) in enumerate(((395, 70), (425, 44))):
        ridge = base - rise * np.abs(np.sin(x / (108 - 26 * k) + 1.3 * k)) - 18 * (fbm((1, shape[1]), 40, rng) - 0.5)
        inside = y > ridge
        phase = np.where(inside, (y - ridge) / 8.5 + 0.045 * x * (1 if k else -1) + drift, phase)
        tone = np.where(inside, 0.42 + 0.26 * k - 0.3 * step(0, 45, y - ridge) + 0.5 * step(5, 2, y - ridge), tone)
        colour = np.where(inside[..., None], (TEAL * 0.72, OCHRE)[k], colour)
    pond = y > 452
    rings = np.minimum(np.hypot(x - 298, (y - 588) * 3.4), np.hypot(x - 348, (y - 590) * 3.4))
    ripple = (y - 452) / (5.5 + 0.035 * (y - 452)) + 0.9 * np.sin(x / 34 + y / 9) + 2 * drift
    near = rings < 150
    phase = np.where(pond, np.where(near, rings / 15, ripple), phase)
    glitter = np.abs(x - MOON[0] - 16 * np.sin(y / 9)) < 62 - 0.15 * (y - 452)
    tone = np.where(pond, np.where(glitter, 0.2, 0.52), tone)
    colour = np.where(pond[..., None], np.where(glitter[..., None], RED, TEAL), colour)
    along = x * 0.62 + y * 0.78
    feather = along / 13 + 0.9 * np.sin((x * 0.78 - y * 0.62) / 9) + drift
    neck = np.where(y < 300, (x + 12 * np.sin(y / 26)) / 6.2, (x * 0.75 - y * 0.6) / 6.5) + 1.2 * drift
    phase = np.where(body > 0.5, np.where(wing > 0.5, feather, neck), phase)
    shade = 0.10 + 0.34 * step(225, 330, x - 0.25 * (y - 300))
    tone = np.where(body > 0.5, np.where(wing > 0.5, 0.58, shade), tone)
    colour = mix(colour, PAPER, body)
    colour = mix(colour, mix(PAPER, TEAL, 0.75), np.minimum(body, wing))
    colour = mix(colour, OCHRE, limbs)
    tone = np.where(limbs > 0.5, 0.22, tone)
    wave = 0.5 + 0.5 * np.cos(2 * np.pi * phase)
    black = step(-0.07, 0.07, np.sqrt(np.clip(tone, 0, 1)) * 1.05 - wave - 0.16 + 0.22 * hand)
    for mask in (body, limbs, moon, np.minimum(body, wing)):
        edge = cv2.morphologyEx(step(0.4, 0.6, mask), cv2.MORPH_GRADIENT, np.ones((3, 3)))
        black = np.maximum(black, step(0.2, 0.5, cv2.GaussianBlur(edge, (0, 0), 1.3 * SCALE) * 2.4 + 0.25 * hand))
    black = np.where(np.hypot(x - 234, y - 156) < 4.5, 0, black)
    black = np.where(np.hypot(x - 234, y - 156) < 2.4, 1, black)
    for k in range(34):
        foot = rng.choice([rng.uniform(-10, 130), rng.uniform(430, 575)])
        tall, lean = rng.uniform(150, 390), rng.uniform(-60, 60)
        v = np.clip((H - y) / tall, 0, 1)
        blade = np.abs(x - foot - lean * v**2.2) - 6.5 * (1 - v) ** 0.6
        inside = step(0.6, -0.6, blade) * (H - y < tall)
        black = np.maximum(black, step(2.6, 1.8, blade) * (H - y < tall + 3))
        rib = step(-0.6, -1.6, blade) * (H - y < tall - 8)
        black = np.where(rib > 0.5, np.where(np.abs(x - foot - lean * v**2.2) < 0.9, 1, 0), black)
        colour = mix(colour, (OCHRE, TEAL, PAPER, RED)[k % 4 if k % 7 else 3], inside)
        if k % 3 == 0:
            cx, cy = foot + lean, H - tall
            tail = step(1, -1, np.abs(x - cx - lean * 0.006 * (cy - y)) - 6.5) * step(1, -1, np.abs(y - cy - 4) - 26)
            black, colour = np.maximum(black, tail * (wave * 0 + (np.sin(y / 1.7) > -0.5))), mix(colour, RED, tail)
    chatter = step(0.60, 0.68, fbm(shape, 3.0, rng, 3)) * step(0.5, 0.6, fbm(shape, 40, rng, 3))
    inset = np.minimum.reduce([x, y, W - x, H - y]) + 3 * hand
    frame = step(15, 13.5, inset)
    salt = 0.86 + 0.14 * step(0.25, 0.4, fbm(shape, 1.8, rng, 2))
    picture = mix(np.broadcast_to(PAPER, (*shape, 3)), colour, salt * 0.96)
    picture = mix(picture, INK, np.clip(black - 0.5 * chatter, 0, 1) * salt)
    picture = mix(picture, INK, frame * step(11.5, 12.5, inset))
    notches = step(0.52, 0.60, fbm(shape, 6, rng, 3, 0.8))
    picture = mix(picture, mix(PAPER, INK, notches * 0.85), step(12.5, 11.5, inset))
    save(picture * (0.95 + 0.08 * fbm(shape, 2, rng, 2))[..., None], "linocut")


if __name__ == "__main__":
    main()
