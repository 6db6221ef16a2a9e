"""ink: mountains in mist, a pine and a boat, in indigo ink, sienna and a vermilion sun on absorbent paper."""

from __future__ import annotations

import cv2
import numpy as np
from _canvas import SCALE, Array, fbm, grid, mix, noise, palette, save, step

W, H = 480, 640
PAPER, INK, BLUE, SIENNA, RED, MOSS = palette("f3e6ca 16181f 24508a b8642f d0341c 5a7a3a")


class Sheet:
    """Absorbent paper: washes multiply, pool at their edges and settle into the tooth."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(21)
        self.x, self.y = grid(W, H)
        self.shape = self.x.shape
        self.tooth = fbm(self.shape, 2.4, self.rng, 3)
        fibre = fbm(self.shape, 3, self.rng, 3, 7.0)
        self.blot = fbm(self.shape, 46, self.rng, 6)
        paper = PAPER * (0.88 + 0.12 * self.tooth + 0.14 * fibre)[..., None]
        self.picture = mix(paper, SIENNA, 0.20 * step(0.45, 0.8, self.blot)).astype(np.float32)

    def wash(self, amount: Array, colour: Array, grain: float = 0.55) -> None:
        """Lay pigment; amount is its density, grain how much it settles in the paper's hollows."""
        density = np.clip(amount, 0, 1.4) * (1 - grain + 2 * grain * self.tooth)
        self.picture *= np.exp(-np.clip(density, 0, 2)[..., None] * (1 - colour) * 2.1)

    def wet(self, mask: Array, width: float) -> Array:
        """The dark rim that a drying wash leaves along its edge."""
        soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), width * SCALE)
        return np.clip(4 * mask * (1 - soft) - 0.3, 0, 1)

    def stroke(self, points: Array, widths: Array, colour: Array, density: float, dry: float = 0.0) -> None:
        """One brush stroke; a dry brush (0 to 1) leaves streaks of paper."""
        pad = float(np.max(widths)) + 4
        low = np.maximum(((points.min(0) - pad) * SCALE).astype(int), 0)
        high = np.minimum(((points.max(0) + pad) * SCALE).astype(int), self.shape[::-1])
        if (high - low < 2).any():
            return
        window = slice(low[1], high[1]), slice(low[0], high[0])
        mask = np.zeros((high - low)[::-1], np.uint8)
        p = np.asarray(points, np.float32) * SCALE - low
        for a, b, w in zip(p, p[1:], widths, strict=False):
            ends = [tuple(int(v * 16) for v in q) for q in (a, b)]
            cv2.line(mask, *ends, 255, max(round(w * SCALE), 1), cv2.LINE_AA, 4)
        cover = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), 0.8)
        if dry:
            cover *= step(dry - 0.22, dry + 0.12, self.tooth[window] + 0.25 * (self.blot[window] - 0.5))
        settle = np.clip(cover * density * (0.75 + 0.5 * self.tooth[window]), 0, 2)
        self.picture[window] *= np.exp(-settle[..., None] * (1 - colour) * 2.1)


def mountain(s: Sheet, base: float, rise: float, seed: int, density: float, colour: Array, sharp: float) -> None:
    """A range: dense at the ridge, dissolving into mist, with wet edges and dry texture strokes down its sides."""
    rng = np.random.default_rng(seed)
    u = np.arange(s.shape[1], dtype=np.float32) / SCALE
    ridge = np.full_like(u, base)
    for _ in range(4):
        at, wide, tall = rng.uniform(-20, W + 20), rng.uniform(38, 80), rng.uniform(0.5, 1.0) * rise
        peak = np.exp(-(np.abs((u - at) / wide) ** 1.45))
        ridge = np.minimum(ridge, base - tall * peak)
    ridge += sharp * 22 * (fbm((1, s.shape[1]), 26, rng, 6)[0] - 0.5)
    depth = s.y - ridge[None]
    inside = step(-0.8, 1.2, depth + 2 * (s.tooth - 0.5))
    mist = (0.04 + np.exp(-np.clip(depth, 0, None) / (rise * 0.33))) * (0.35 + 1.1 * s.blot)
    s.picture = mix(s.picture, PAPER, 0.75 * inside * np.exp(-np.clip(depth, 0, None) / rise)).astype(np.float32)
    s.wash(inside * mist * density, colour)
    s.wash(s.wet(inside, 2.2) * density * 0.75 * (0.3 + s.blot), mix(colour, INK, 0.4), 0.4)
    hang = fbm(s.shape, 16, rng, 5, 0.35)
    crag = step(0.54, 0.74, hang + 0.2 * (s.tooth - 0.5)) * np.exp(-np.clip(depth, 0, None) / (rise * 0.24)) * inside
    s.wash(crag * density * 0.7, mix(colour, INK, 0.6), 0.6)
    for _ in range(int(300 * sharp)):
        x0 = rng.uniform(0, W - 1)
        y0 = ridge[int(x0 * SCALE)] + abs(rng.normal(0, rise * 0.24))
        slope = np.gradient(ridge)[int(x0 * SCALE)] * SCALE
        lean = 0.9 * np.sign(slope) * rng.uniform(0.3, 1.0)
        k = np.linspace(0, 1, 5)
        long = rng.uniform(9, 28)
        points = np.stack([x0 + lean * long * 0.5 * k + rng.normal(0, 0.7, 5), y0 + long * k], 1)
        x1, y1 = points.min(0) - 5, points.max(0) + 5
        if x1[0] > 0 and y1[0] < W and y1[1] < H:
            s.stroke(points, np.linspace(3.2, 0.8, 4) * rng.uniform(0.5, 1.2), INK, density * 0.7, 0.42)


def branch(s: Sheet, start: tuple[float, float], angle: float, length: float, width: float) -> None:
    """A pine bough that divides, with fans of needles at its ends."""
    k = np.linspace(0, 1, 7)
    bend = s.rng.uniform(-0.7, 0.7)
    turn = angle + bend * k + s.rng.normal(0, 0.16, 7)
    points = np.array(start) + np.cumsum(np.stack([np.cos(turn), np.sin(turn)], 1) * length / 7, 0)
    points = np.concatenate([[start], points])
    s.stroke(points, np.linspace(width, width * 0.5, 7), mix(INK, SIENNA, 0.35), 0.95, 0.2)
    s.stroke(points + np.array([0.22 * width, 0.0]), np.linspace(width, width * 0.5, 7) * 0.45, INK, 0.9, 0.4)
    if width > 2.6:
        for at in (3, 5, 7)[-2 if width < 9 else -3 :]:
            branch(
                s,
                tuple(points[at]),
                turn[min(at, 6)] + s.rng.choice([-1, 1]) * s.rng.uniform(0.5, 1.1),
                length * 0.62,
                width * 0.56,
            )
    else:
        for at in (2, 4, 6, 7):
            cx, cy = points[at]
            pad = np.exp(-(((s.x - cx) / 15) ** 2) - ((s.y - cy + 4) / 8) ** 2)
            s.wash(pad * 0.4 * (0.4 + s.blot), MOSS)
            for v in np.linspace(np.pi * 1.04, np.pi * 1.96, 11) + s.rng.normal(0, 0.06, 11):
                r = s.rng.uniform(8, 13)
                s.stroke(
                    np.array([[cx, cy], [cx + r * np.cos(v), cy + r * 0.85 * np.sin(v)]]),
                    np.array([0.8]),
                    mix(INK, MOSS, 0.25),
                    0.6,
                    0.0,
                )


def boat(s: Sheet, x: float, y: float) -> None:
    """A skiff with a man who poles it, and its smudged reflection."""
    k = np.linspace(-1, 1, 9)
    s.stroke(np.stack([x + 36 * k, y - 7 * k**2 + 4], 1), np.full(8, 5.0), INK, 1.2)
    s.stroke(np.stack([x + 30 * k, y + 13 + 1.5 * np.sin(k * 7)], 1), np.full(8, 3.0), BLUE, 0.7, 0.35)
    s.stroke(np.array([[x - 12, y], [x - 11, y - 14], [x - 9, y - 22]]), np.array([9.0, 6.0]), BLUE, 1.3)
    s.stroke(np.array([[x - 17, y - 25], [x - 9, y - 30], [x - 1, y - 25]]), np.array([3.4, 3.4]), SIENNA, 1.4)
    s.stroke(np.array([[x + 6, y - 34], [x - 30, y + 22]]), np.array([1.6]), INK, 1.1)


def main() -> None:
    """Wash from the far mountains forward; sun and seal last."""
    s = Sheet()
    rng = s.rng
    s.wash(0.30 * step(0.35, 0.75, fbm(s.shape, 60, rng, 5, 2.5)) * step(330, 0, s.y), BLUE)
    far = np.hypot(s.x - 340, s.y - 112) + 2.2 * (s.blot - 0.5)
    sun = step(1.2, -1.2, far - 43)
    s.wash(sun * (0.75 + 0.4 * s.blot), RED, 0.35)
    s.wash(s.wet(sun, 2.0) * 0.6, RED, 0.2)
    mountain(s, 335, 205, 3, 0.50, BLUE, 0.4)
    mountain(s, 405, 175, 8, 0.68, mix(BLUE, SIENNA, 0.55), 0.7)
    mountain(s, 478, 150, 5, 0.85, mix(BLUE, MOSS, 0.35), 1.0)
    for k in range(46):
        y0 = 478 + 150 * (k / 46) ** 1.1 + rng.normal(0, 3)
        x0, long = rng.uniform(-40, W - 30), rng.uniform(50, 190)
        u = np.linspace(0, 1, 8)
        s.stroke(
            np.stack([x0 + long * u, y0 + 2.4 * np.sin(u * 9 + k)], 1),
            1.0 + 3.6 * np.sin(np.pi * u[1:]) * rng.random(),
            BLUE,
            0.8,
            0.38,
        )
    boat(s, 150, 540)
    bank = 596 + 20 * np.sin(s.x / 60) - 70 * step(330, 480, s.x) + 16 * (fbm(s.shape, 20, rng) - 0.5)
    land = step(-1, 2, s.y - bank)
    s.wash(land * (0.3 + 0.6 * s.blot), mix(SIENNA, MOSS, 0.35), 0.6)
    s.wash(s.wet(land, 3) * 0.8, INK, 0.6)
    s.wash(land * step(0.5, 0.65, fbm(s.shape, 8, rng, 4)) * 0.7, INK, 0.7)
    branch(s, (448, 572), -np.pi * 0.56, 190, 13.0)
    for bx, by, size in ((110, 150, 9), (136, 136, 7), (160, 158, 6), (84, 128, 5), (190, 140, 5)):
        s.stroke(
            np.array(
                [
                    [bx - size, by - size * 0.5],
                    [bx - size * 0.4, by - size * 0.6],
                    [bx, by],
                    [bx + size * 0.5, by - size * 0.7],
                    [bx + size, by - size * 0.4],
                ]
            ),
            np.array([1.2, 2.0, 2.0, 1.2]),
            INK,
            1.1,
        )
    for _ in range(150):
        px, py, r = rng.uniform(0, W), rng.uniform(0, H), abs(rng.normal(0, 0.9)) + 0.4
        s.stroke(
            np.array([[px, py], [px + 0.4, py]]), np.array([2 * r]), (INK, BLUE, SIENNA)[rng.integers(3)], 0.8, 0.0
        )
    seal = (np.abs(s.x - 44) < 15) & (np.abs(s.y - 70) < 19)
    carved = noise(s.shape, 4.2, rng) > 0.60
    s.wash(seal * ~carved * 1.2 * step(0.2, 0.4, s.tooth), RED, 0.25)
    save(s.picture, "ink")


if __name__ == "__main__":
    main()
