"""Figures that move: walkers, a cyclist, a rower in his boat, gulls. All drawn anew for each frame."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np
from boats import hull
from paint import Canvas, rgb

SKIN, HAIR = rgb("c98f6c"), rgb("3a2a20")
SUNLIT = (1.0, 0.90, 0.70)


@dataclass(frozen=True)
class Walker:
    """Somebody who walks along the quay: start, speed (left if negative) in m/s, and clothes."""

    x: float
    speed: float
    coat: str
    legs: str
    kind: str = "walker"
    size: float = 1.0
    hat: str | None = None
    long_coat: bool = False
    z: float = 48.0


def knee(hip: tuple[float, float], foot: tuple[float, float], bone: float, way: float) -> tuple[float, float]:
    """Where the joint between two equal bones lies, bent towards way."""
    dx, dy = foot[0] - hip[0], foot[1] - hip[1]
    reach = min((dx * dx + dy * dy) ** 0.5, 1.99 * bone)
    out = (bone * bone - reach * reach / 4) ** 0.5
    return hip[0] + dx / 2 - way * out * dy / reach, hip[1] + dy / 2 + way * out * dx / reach


def stride(phase: float) -> tuple[float, float]:
    """Position of a foot relative to the hip's foot point at a phase of the step in [0, 1)."""
    if phase < 0.6:
        return 0.34 - 0.68 * phase / 0.6, 0.0
    u = (phase - 0.6) / 0.4
    return -0.34 + 0.68 * u, 0.13 * sin(pi * u)


def person(c: Canvas, who: Walker, phase: float, way: float) -> None:
    """A walking figure, feet at the origin."""
    coat, legs, n = rgb(who.coat), rgb(who.legs), who.size
    bob = 0.02 * cos(4 * pi * phase)
    hip, neck = (0.0, (0.88 + bob) * n), (0.04 * way * n, (1.44 + bob) * n)
    for k, tone in ((0.5, 0.62), (0.0, 1.0)):
        fx, fy = stride((phase + k) % 1.0)
        foot = (fx * way * n, (fy + 0.06) * n)
        joint = knee(hip, foot, 0.425 * n, way)
        swing = -sin(2 * pi * (phase + k) + 0.6) * 0.30 * way * n
        c.limb([hip, joint, foot], [0.19 * n, 0.14 * n, 0.1 * n], legs * tone)
        c.limb([foot, (foot[0] + 0.14 * way * n, foot[1] - 0.02)], [0.1 * n, 0.07 * n], rgb("2a211c"))
        if k:
            hand = (neck[0] + swing, 0.86 * n)
            c.limb(
                [(neck[0], 1.36 * n), knee((neck[0], 1.36 * n), hand, 0.29 * n, -way), hand],
                [0.13 * n, 0.1 * n, 0.07 * n],
                coat * 0.6,
            )
    hem = 0.5 if who.long_coat else 0.82
    c.fill(
        [
            (-0.2 * n, hem * n),
            (0.2 * n, hem * n),
            (0.17 * n, 1.1 * n),
            (0.21 * n + neck[0], 1.38 * n),
            neck,
            (neck[0] - 0.21 * n, 1.38 * n),
            (-0.16 * n, 1.1 * n),
        ],
        coat,
        below=coat * 0.75,
        rough=0.25,
    )
    hand = (neck[0] - sin(2 * pi * phase + 0.6) * 0.30 * way * n, 0.88 * n)
    c.limb(
        [(neck[0], 1.37 * n), knee((neck[0], 1.37 * n), hand, 0.29 * n, -way), hand],
        [0.14 * n, 0.11 * n, 0.08 * n],
        coat * 1.12,
    )
    c.ellipse(hand[0], hand[1], 0.05 * n, 0.05 * n, SKIN)
    head = (neck[0] + 0.03 * way * n, (1.6 + bob) * n)
    c.limb([neck, head], [0.1 * n], SKIN * 0.8)
    c.ellipse(*head, 0.1 * n, 0.125 * n, SKIN)
    c.ellipse(head[0] - 0.03 * way * n, head[1] + 0.04 * n, 0.105 * n, 0.1 * n, rgb(who.hat) if who.hat else HAIR)
    if who.hat:
        c.rect(head[0] - 0.16 * n, head[1] + 0.03 * n, 0.32 * n, 0.04 * n, rgb(who.hat) * 0.7)


def cyclist(c: Canvas, who: Walker, phase: float, way: float) -> None:
    """A rider on a city bicycle, wheels on y = 0."""
    coat, legs, iron = rgb(who.coat), rgb(who.legs), rgb("2f5a52")
    rear, front, crank, saddle, bar = (
        (-0.52 * way, 0.34),
        (0.52 * way, 0.34),
        (-0.05 * way, 0.3),
        (-0.22 * way, 0.95),
        (0.38 * way, 1.08),
    )
    for wheel in (rear, front):
        a = np.linspace(0, 2 * pi, 25)
        ring = [(wheel[0] + 0.33 * cos(k), wheel[1] + 0.33 * sin(k)) for k in a]
        c.limb(ring, [0.05], rgb("1f1d1c"))
        for k in range(6):
            turn = -phase * 4 * way + k * pi / 6
            c.limb(
                [
                    (wheel[0] - 0.3 * cos(turn), wheel[1] - 0.3 * sin(turn)),
                    (wheel[0] + 0.3 * cos(turn), wheel[1] + 0.3 * sin(turn)),
                ],
                [0.015],
                rgb("b8b4ac"),
                opacity=0.6,
            )
    feet = []
    for k in (pi, 0.0):
        turn = -2 * pi * phase * way + k
        foot = (crank[0] + 0.17 * cos(turn), crank[1] + 0.17 * sin(turn))
        feet.append(foot)
        tone = 0.6 if k else 1.0
        if not k:
            c.limb([rear, crank, bar, saddle, crank], [0.05], iron)
            c.limb([rear, saddle], [0.04], iron)
            c.limb([front, bar, (bar[0] - 0.1 * way, 1.12)], [0.045], iron)
        hip = (saddle[0] + 0.02 * way, 1.02)
        c.limb([hip, knee(hip, foot, 0.45, way), foot], [0.2, 0.15, 0.1], legs * tone)
        c.limb([foot, (foot[0] + 0.13 * way, foot[1] - 0.02)], [0.1, 0.07], rgb("2a211c"))
    shoulder = (0.08 * way, 1.52)
    c.limb([(saddle[0], 1.03), shoulder], [0.3, 0.34], coat, rough=0.25)
    c.limb([shoulder, (0.26 * way, 1.24), bar], [0.13, 0.1, 0.08], coat * 1.15)
    head = (0.17 * way, 1.78)
    c.ellipse(*head, 0.105, 0.13, SKIN)
    c.ellipse(head[0] - 0.02 * way, head[1] + 0.05, 0.12, 0.1, rgb(who.hat or "d8c8a0"))
    c.rect(bar[0] + (0.0 if way > 0 else -0.3), 0.82, 0.3, 0.24, rgb("a8783f"), rough=0.4)


def figure(who: Walker, t: float, ppm: float) -> tuple[Canvas, float]:
    """Draw somebody at time t; gives the canvas and the x it stands at."""
    way = 1.0 if who.speed > 0 else -1.0
    c = Canvas(-1.1, -0.1, 1.1, 2.15, ppm, 5)
    travelled = abs(who.speed) * t
    if who.kind == "cyclist":
        cyclist(c, who, travelled / 3.0, way)
    else:
        person(c, who, (travelled / (1.36 * who.size) + who.x * 0.37) % 1.0, way)
    c.rim(-1, 0.07, SUNLIT, 0.55)
    return c, who.x + who.speed * t


def rowing_boat(t: float, ppm: float) -> Canvas:
    """A rower who faces the stern (left) while his boat goes to the right."""
    c = Canvas(-3.2, -0.35, 3.2, 2.0, ppm, 9)
    stroke = 2 * pi * t / 2.4
    lean = 0.34 * sin(stroke)
    blade_up = 0.22 * max(0.0, -cos(stroke))
    hip, shoulder = (0.15, 0.5), (0.15 + lean * 0.9, 1.08)
    hand = (shoulder[0] - 0.42 - 0.10 * sin(stroke), 0.82 - 0.4 * blade_up)
    far_blade = (0.3 - 1.9 * sin(stroke - 0.4), 0.1 + blade_up)
    c.limb([(-0.3, 0.62), far_blade], [0.05], rgb("8a6a44"))
    c.limb([(-0.75, 0.42), (-0.35, 0.72), hip], [0.16, 0.2, 0.22], rgb("3a4252"))
    c.limb([hip, shoulder], [0.34, 0.4], rgb("d8d0bc"), rough=0.2)
    for k in np.linspace(0.15, 0.95, 6):
        x, y = hip[0] + (shoulder[0] - hip[0]) * k, hip[1] + (shoulder[1] - hip[1]) * k
        c.limb([(x - 0.17, y), (x + 0.17, y)], [0.045], rgb("2f4a78"))
    c.limb([shoulder, knee(shoulder, hand, 0.32, 1.0), hand], [0.15, 0.12, 0.08], rgb("e6decb"))
    c.ellipse(shoulder[0] - 0.05, 1.36, 0.125, 0.15, SKIN)
    c.ellipse(shoulder[0] - 0.01, 1.44, 0.15, 0.09, rgb("b8923f"))
    c.rect(shoulder[0] - 0.25, 1.39, 0.48, 0.045, rgb("9a7830"))
    hull(c, 4.6, 0.48, 0.78, rgb("a8563a"), rgb("ecdfc0"), rgb("2a2420"))
    near_blade = (0.1 - 1.5 * sin(stroke - 0.4), -0.12 + blade_up)
    c.limb([hand, (-0.1, 0.62), near_blade], [0.06], rgb("b08850"))
    c.limb([(near_blade[0] * 0.86, near_blade[1] + 0.1), near_blade], [0.1, 0.17], rgb("e0d4b8"))
    c.rim(-1, 0.07, SUNLIT, 0.5)
    return c


def gull(t: float, ppm: float, way: float) -> Canvas:
    """A gull in flight; it beats its wings, then glides."""
    c = Canvas(-1.0, -0.9, 1.0, 0.9, ppm, 3)
    cycle = (t * 0.55) % 1.0
    beat = sin(2 * pi * t * 2.3) if cycle < 0.6 else 0.25
    lift, tip = 0.42 * beat, 0.36 * beat - 0.14
    white, grey, dark = rgb("f4f0e6"), rgb("b4bac2"), rgb("2c2c30")

    def wing(side: float, tone: float) -> None:
        root, wrist, end = (
            (0.05 * way, 0.05),
            (side * 0.34 + 0.14 * way, 0.08 + lift),
            (side * 0.82 - 0.06 * way, 0.05 + lift + tip),
        )
        c.fill(
            [root, wrist, end, (wrist[0] - 0.2 * way, wrist[1] - 0.1), (-0.17 * way, 0.0)],
            grey * tone,
            below=white * tone,
            rough=0.1,
        )
        c.fill(
            [
                end,
                (end[0] + (wrist[0] - end[0]) * 0.32, end[1] + (wrist[1] - end[1]) * 0.32),
                (end[0] - side * 0.2 - 0.08 * way, end[1] - 0.05),
            ],
            dark,
        )

    wing(0.85, 0.82)
    c.limb([(-0.3 * way, -0.02), (0, 0), (0.27 * way, 0.05)], [0.05, 0.17, 0.1], white, rough=0.05)
    c.fill([(-0.26 * way, 0.02), (-0.46 * way, 0.05), (-0.46 * way, -0.06)], white * 0.92)
    c.ellipse(0.3 * way, 0.07, 0.075, 0.07, white)
    c.fill([(0.36 * way, 0.09), (0.36 * way, 0.04), (0.46 * way, 0.05)], rgb("e0a030"))
    wing(-0.85, 1.0)
    return c
