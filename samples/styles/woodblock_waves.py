"""waves: a breaking sea printed from layered wood blocks, with claws of foam and the grain of block and paper."""

from __future__ import annotations

import cv2
import numpy as np
from _canvas import SCALE, Array, fbm, grid, mix, palette, ramp, save, step

W, H = 640, 460
INK = palette("11203d")[0]
BLUES = palette("173a6b 2a639c 6fa5c4 b9d3cf 2a639c 173a6b")
FOAM, SKY = palette("f6efdc")[0], palette("35507a c9c3ae efdcb4 f2d9a2 e9b98a")


def spline(points: list[tuple[float, float]], closed: bool = False) -> Array:
    """A Catmull-Rom curve through points, in painted pixels."""
    p = np.array(points, np.float32) * SCALE
    p = np.concatenate([p[-1:], p, p[:2]]) if closed else np.concatenate([p[:1], p, p[-1:]])
    u = np.linspace(0, 1, 16, endpoint=False)[:, None]
    parts = [
        0.5 * (2 * b + (c - a) * u + (2 * a - 5 * b + 4 * c - d) * u**2 + (3 * b - a - 3 * c + d) * u**3)
        for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False)
    ]
    return np.concatenate([*parts, p[-2:-1]])


class Print:
    """A picture built block by block."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(6)
        self.x, self.y = grid(W, H)
        self.shape = self.x.shape
        self.picture = np.zeros((*self.shape, 3), np.float32)
        self.wear = fbm(self.shape, 5, self.rng, 4)

    def block(self, mask: Array, colour: Array) -> None:
        """Print one colour through a mask; the block's wear leaves paper showing."""
        cover = mask * (0.86 + 0.14 * step(0.3, 0.45, self.wear))
        self.picture = mix(self.picture, colour, cover)

    def outline(self, line: Array, width: float) -> None:
        """Cut a key-block line whose width swells and thins."""
        mask = np.zeros(self.shape, np.uint8)
        for k in range(len(line) - 1):
            thick = max(round(width * SCALE * (0.75 + 0.35 * np.sin(k / 9))), 1)
            cv2.line(mask, *[tuple(int(v * 16) for v in line[j]) for j in (k, k + 1)], 255, thick, cv2.LINE_AA, 4)
        self.block(mask.astype(np.float32) / 255, INK)

    def wave(self, crest: list[tuple[float, float]], pitch: float, colours: Array, shift: float = 0.0) -> Array:
        """A body of water below a crest, banded by stripes that follow the crest; gives the crest's curve."""
        line = spline(crest)
        body = np.concatenate([line, np.array([[W + 20, H + 20], [-20, H + 20]], np.float32) * SCALE])
        mask = np.zeros(self.shape, np.uint8)
        cv2.fillPoly(mask, [np.round(body * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        far = cv2.distanceTransform((mask > 127).astype(np.uint8), cv2.DIST_L2, 5) / SCALE
        far += 5 * (fbm(self.shape, 40, self.rng, 2) - 0.5) + 3 * np.sin(self.x / 23)
        u = far / pitch + shift
        band = np.floor(u).astype(int) % len(colours)
        tone = colours[band]
        fade = 0.12 * (u - np.floor(u))
        self.block(mask.astype(np.float32) / 255, mix(tone, INK, fade))
        edge = np.abs(u - np.round(u)) * pitch
        lines = step(1.1, 0.5, edge + 0.5 * (self.wear - 0.5)) * (far > 3) * mask / 255
        self.block(lines.astype(np.float32), INK)
        return line

    def foam(self, line: Array, first: float, last: float, size: float, lean: float) -> None:
        """Claws of foam along part of a crest, each a curling chain of drops, outlined as one shape."""
        chain = line[int(first * (len(line) - 1)) : int(last * (len(line) - 1)) + 1]
        tangent = np.gradient(cv2.GaussianBlur(chain, (1, 15), 4), axis=0)
        heading = np.arctan2(tangent[:, 1], tangent[:, 0])
        drops: list[tuple[float, float, float]] = []
        walked, due = 0.0, 0.0
        for k in range(1, len(chain)):
            walked += float(np.hypot(*(chain[k] - chain[k - 1])))
            if walked < due:
                continue
            due = walked + size * SCALE * self.rng.uniform(0.34, 0.55)
            for finger in range(2):
                turn = heading[k] + lean * self.rng.uniform(0.15, 1.0) - (0.7 if finger else 0.0)
                curl = self.rng.uniform(0.09, 0.2)
                p, r = chain[k].astype(float), size * SCALE * self.rng.uniform(0.2, 0.3)
                for _ in range(int(self.rng.integers(6, 11))):
                    drops.append((p[0], p[1], r))
                    p = p + r * 0.85 * np.array([np.cos(turn), np.sin(turn)])
                    turn, r = turn + curl, r * 0.86
            back = chain[k] + self.rng.normal(0, 0.16 * size * SCALE, 2)
            drops.append((back[0], back[1] + 0.25 * size * SCALE, size * SCALE * self.rng.uniform(0.18, 0.34)))
        for _ in range(int(len(chain) * 0.25)):
            k = self.rng.integers(len(chain))
            away = heading[k] + lean * 0.8
            p = chain[k] + np.array([np.cos(away), np.sin(away)]) * size * SCALE * self.rng.uniform(0.9, 2.8)
            drops.append((p[0], p[1], size * SCALE * self.rng.uniform(0.03, 0.075)))
        for grow, colour in ((1.5 * SCALE, INK), (0.0, FOAM)):
            mask = np.zeros(self.shape, np.uint8)
            for px, py, r in drops:
                cv2.circle(mask, (int(px * 16), int(py * 16)), int((r + grow) * 16), 255, -1, cv2.LINE_AA, 4)
            self.block(mask.astype(np.float32) / 255, colour)
            inner = mask
        core = cv2.distanceTransform((inner > 127).astype(np.uint8), cv2.DIST_L2, 3) / SCALE
        self.block(step(0.34, 0.5, self.wear) * step(0.16 * size, 0.28 * size, core), palette("bcd2d0")[0])

    def sky(self) -> None:
        """Graded sky, a vermilion sun, cloud bands and the mountain."""
        drift = 22 * (fbm(self.shape, 120, self.rng, 3, 4.0) - 0.5)
        self.picture = ramp(SKY, (self.y + drift) / 330).astype(np.float32)
        disc = np.hypot(self.x - 470, self.y - 118)
        self.block(step(1, -1, disc - 58), ramp(palette("d5402a e27a3c"), (self.y - 60) / 120))
        for cy, x0, x1, tall in (
            (66, 330, 560, 9),
            (82, 420, 700, 7),
            (140, 380, 640, 8),
            (158, 330, 520, 6),
            (36, 60, 330, 8),
            (20, -40, 200, 7),
            (182, 500, 720, 7),
        ):
            u = (self.x - x0) / (x1 - x0)
            swell = tall * np.sqrt(np.clip(4 * u * (1 - u), 0, 1)) * (1 + 0.25 * np.sin(self.x / 17 + cy))
            cloud = np.abs(self.y - cy - 3 * np.sin(self.x / 60 + cy)) - swell
            self.block(step(1.6, 0.4, cloud) * (u > 0) * (u < 1), INK)
            self.block(
                step(0, -1, cloud) * (u > 0) * (u < 1),
                mix(palette("f4e6c6")[0], palette("d99a78")[0], np.clip((self.y - cy) / tall, 0, 1) * 0.8),
            )
        slope = (
            176
            + np.abs(self.x - 430) * 0.62 * (1 - 0.00035 * np.abs(self.x - 430))
            - 6 * np.exp(-(((self.x - 430) / 10) ** 2))
        )
        peak = step(-1, 1, self.y - slope)
        self.block(step(-2.6, -1.2, self.y - slope), INK)
        self.block(peak, ramp(palette("35558a 55789c 93a9a6"), (self.y - 176) / 130))
        snow = 208 + 13 * np.sin(self.x / 6.5) * np.sin(self.x / 15) + 0.1 * np.abs(self.x - 430)
        self.block(peak * step(1, -1, self.y - snow), FOAM)
        self.block(peak * step(2.2, 0.8, np.abs(self.y - snow)), INK)


def main() -> None:
    """Print the sky, then the seas from back to front, then the grain."""
    p = Print()
    p.sky()
    far = p.wave(
        [(-20, 300), (60, 292), (200, 305), (330, 290), (420, 268), (500, 285), (560, 300), (660, 262)],
        11,
        palette("4f86ac 8fb8c0 2f6595 c9d8cc"),
    )
    p.outline(far, 1.3)
    p.foam(far, 0.42, 0.62, 16, -0.9)
    p.foam(far, 0.86, 1.0, 16, -0.9)
    big = p.wave(
        [
            (-30, 215),
            (20, 150),
            (75, 88),
            (140, 48),
            (210, 38),
            (270, 58),
            (306, 100),
            (318, 150),
            (290, 128),
            (256, 128),
            (226, 160),
            (212, 212),
            (222, 268),
            (262, 318),
            (330, 350),
            (430, 362),
            (540, 345),
            (680, 300),
        ],
        15,
        BLUES,
    )
    p.outline(big, 1.9)
    p.foam(big, 0.10, 0.47, 30, 0.75)
    p.foam(big, 0.36, 0.5, 24, 0.9)
    near = p.wave(
        [
            (-30, 330),
            (40, 318),
            (110, 345),
            (190, 392),
            (280, 408),
            (370, 388),
            (440, 352),
            (505, 338),
            (548, 362),
            (560, 392),
            (590, 412),
            (680, 400),
        ],
        12,
        BLUES,
        0.5,
    )
    p.outline(near, 1.8)
    p.foam(near, 0.0, 0.22, 20, -0.8)
    p.foam(near, 0.5, 0.75, 24, 0.7)
    front = p.wave(
        [(-30, 440), (60, 412), (140, 420), (230, 446), (330, 440), (420, 432), (520, 448), (680, 430)],
        9,
        palette("173a6b 2a639c 8fb8c4"),
    )
    p.outline(front, 1.6)
    p.foam(front, 0.05, 0.3, 15, -0.8)
    rng = np.random.default_rng(2)
    rings = p.y / 3.1 + 26 * fbm(p.shape, 150, rng, 3, 5.0)
    grain = 0.5 + 0.5 * np.sin(2 * np.pi * rings / 2.2)
    fibre = fbm(p.shape, 2.2, rng, 3, 3.0)
    picture = p.picture * (1 - 0.10 * step(0.45, 1.0, grain) * (0.4 + 0.6 * p.wear))[..., None]
    picture *= (0.93 + 0.14 * fibre)[..., None]
    save(mix(picture, palette("f0dfb8")[0], 0.10 * step(0.62, 0.8, fibre)), "waves")


if __name__ == "__main__":
    main()
