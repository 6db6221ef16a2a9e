"""The two shots: what stands where, in which light, and how the camera moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import pi, sin

import cv2
import numpy as np
from boats import dinghy, fishing_boat, sailing_boat
from camera import View, lay
from foreground import jetty, near_quay
from nearby import angler, lantern_bearer
from paint import Array, Canvas, mix, rgb
from people import Walker, figure, gull, rowing_boat
from sky import breakwater, hills, sky
from town import lamp, pavement, quay, row, upper_town
from water import Water

WIDTH, HEIGHT, PAD = 1280, 720, 220
QUAY = 1.9


@dataclass(frozen=True)
class Light:
    """The light of a shot: sky colours, the light on things, haze, and how much lamps shine."""

    sky: dict[str, Array]
    ambient: tuple[float, float, float]
    haze: Array
    haze_range: float
    lamps: float
    deep: Array
    sparkle: tuple[float, float, float]
    clouds: int


AFTERNOON = Light(
    {
        "zenith": rgb("4f86bd"),
        "middle": rgb("a3c3d6"),
        "horizon": rgb("f2dcb4"),
        "glow": rgb("ffe6b0"),
        "cloud_lit": rgb("fff3dc"),
        "cloud_dark": rgb("8f97b0"),
        "sun": np.array([0.06, 0.5]),
    },
    ambient=(1.06, 0.97, 0.83),
    haze=rgb("d9cdbb"),
    haze_range=1150,
    lamps=0.0,
    deep=rgb("2a5a5e"),
    sparkle=(0.95, 0.86, 0.62),
    clouds=12,
)
DUSK = Light(
    {
        "zenith": rgb("22325f"),
        "middle": rgb("6f6296"),
        "horizon": rgb("f4a25c"),
        "glow": rgb("ff9448"),
        "cloud_lit": rgb("f08a68"),
        "cloud_dark": rgb("4b456c"),
        "sun": np.array([0.72, 0.04]),
    },
    ambient=(0.50, 0.47, 0.62),
    haze=rgb("8c7290"),
    haze_range=420,
    lamps=1.15,
    deep=rgb("16264a"),
    sparkle=(0.75, 0.42, 0.22),
    clouds=31,
)


@dataclass
class Item:
    """A lit picture that stands at a place; where() moves it with time: x, y, tilt."""

    rgba: Array
    canvas: Canvas
    depth: float
    where: Callable[[float], tuple[float, float, float]]
    mirrored: bool = True
    flip: bool = False


class Shot:
    """One continuous take."""

    def __init__(self, light: Light, view: View, drift: tuple[float, float], seconds: float, seed: int) -> None:
        self.light, self.view, self.drift, self.seconds = light, view, drift, seconds
        horizon = view.horizon + PAD
        self.sky = sky((int(horizon) + 8, WIDTH + 240), horizon, light.sky, light.clouds)
        self.water = Water(seed)
        self.items: list[Item] = []
        self.actors: list[Callable[[float, View], Item]] = []

    def lit(self, c: Canvas, depth: float) -> Array:
        """Colours of a canvas under this shot's light, seen through the haze."""
        alpha = c.rgba[..., 3:]
        colour = c.rgba[..., :3] * np.array(self.light.ambient, np.float32)
        colour = mix(colour, self.light.haze * alpha, 1 - np.exp(-depth / self.light.haze_range))
        return np.concatenate([colour + c.glow * self.light.lamps, alpha], 2).astype(np.float32)

    def stand(self, c: Canvas, x: float, y: float, depth: float, *, mirrored: bool = True) -> None:
        """Add something that does not move."""
        self.items.append(Item(self.lit(c, depth - self.view.z), c, depth, lambda t: (x, y, 0.0), mirrored))

    def float_on(self, c: Canvas, x: float, depth: float, *, speed: float = 0.0, flip: bool = False) -> None:
        """Add something that bobs on the water."""
        a = 0.7 * x + depth

        def where(t: float) -> tuple[float, float, float]:
            return x + speed * t, 0.06 * sin(2 * pi * t / 3.1 + a), 0.013 * sin(2 * pi * t / 3.7 + 1.3 * a)

        self.items.append(Item(self.lit(c, depth - self.view.z), c, depth, where, flip=flip))

    def walk(self, who: Walker) -> None:
        """Add somebody on the quay."""

        def actor(t: float, view: View) -> Item:
            c, x = figure(who, t, max(view.scale(who.z), 4))
            return Item(self.lit(c, who.z - view.z), c, who.z, lambda _: (x, QUAY, 0.0))

        self.actors.append(actor)

    def row(self, x: float, depth: float, speed: float, *, flip: bool = False) -> None:
        """Add the rowing boat."""

        def actor(t: float, view: View) -> Item:
            c = rowing_boat(t, view.scale(depth))
            surge = 0.16 * sin(2 * pi * t / 2.4 - 0.8)
            tilt = 0.012 * sin(2 * pi * t / 1.2)
            return Item(
                self.lit(c, depth - view.z),
                c,
                depth,
                lambda _: (x + speed * t + surge, 0.03 * sin(5 * t), tilt),
                flip=flip,
            )

        self.actors.append(actor)

    def fly(self, x: float, y: float, depth: float, speed: float, delay: float) -> None:
        """Add a gull."""

        def actor(t: float, view: View) -> Item:
            c = gull(t + delay, max(view.scale(depth), 6), 1.0 if speed > 0 else -1.0)
            rise = 0.5 * sin(0.9 * (t + delay))
            return Item(
                self.lit(c, depth - view.z), c, depth, lambda _: (x + speed * t, y + rise, 0.12 * sin(t + delay)), False
            )

        self.actors.append(actor)

    def frame(self, t: float) -> Array:
        """Render the picture at time t."""
        sway = 0.03 * sin(2 * pi * t / 2.9), 1.4 * sin(2 * pi * t / 3.4 + 0.5)
        view = replace(self.view, x=self.view.x + self.drift[0] * t + sway[0], z=self.view.z + self.drift[1] * t)
        view = replace(view, horizon=view.horizon + sway[1])
        picture, mirror = (np.zeros((HEIGHT, WIDTH, 3), np.float32) for _ in range(2))
        left = -120 - 1.2 * (view.x - self.view.x) - 2.5 * t
        shift = np.array([[1, 0, left], [0, 1, view.horizon - self.view.horizon - PAD]])
        cv2.warpAffine(self.sky, shift, (WIDTH, HEIGHT), picture, borderMode=cv2.BORDER_REPLICATE)
        shift[1] = 0, -1, 2 * view.horizon - shift[1, 2]
        cv2.warpAffine(self.sky, shift, (WIDTH, HEIGHT), mirror, borderMode=cv2.BORDER_REPLICATE)
        items = sorted(self.items + [actor(t, view) for actor in self.actors], key=lambda item: -item.depth)
        for item in items:
            if item.mirrored:
                x, y, tilt = item.where(t)
                lay(mirror, item.rgba, view.place(item.canvas, x, y, item.depth, tilt, mirrored=True, flip=item.flip))
        self.water.paint(picture, mirror, view, t, self.light.deep, self.light.sparkle, float(self.light.sky["sun"][0]))
        for item in items:
            x, y, tilt = item.where(t)
            lay(picture, item.rgba, view.place(item.canvas, x, y, item.depth, tilt, flip=item.flip))
        return develop(picture, t)


def develop(picture: Array, t: float) -> Array:
    """Bloom, vignette and a soft shoulder; then down to half the size."""
    small = cv2.resize(np.maximum(picture - 0.78, 0), (WIDTH // 4, HEIGHT // 4), interpolation=cv2.INTER_AREA)
    bloom = 0.55 * cv2.GaussianBlur(small, (0, 0), 3) + 0.6 * cv2.GaussianBlur(small, (0, 0), 12)
    picture = picture + cv2.resize(bloom, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    picture = cv2.resize(picture, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)
    y, x = np.mgrid[-1 : 1 : HEIGHT // 2 * 1j, -1 : 1 : WIDTH // 2 * 1j]
    picture = picture * (1 - 0.16 * (x * x + y * y) ** 1.5 / 2)[..., None]
    bright = np.maximum(picture - 0.8, 0)
    picture = np.minimum(picture, 0.8) + 0.2 * (1 - np.exp(-bright / 0.2))
    picture = picture + 0.07 * (picture - 0.5) * (1 - np.abs(2 * picture - 1))
    grain = np.random.default_rng(int(t * 1000)).normal(0, 0.004, picture.shape[:2])
    return np.clip(picture + grain[..., None], 0, 1).astype(np.float32)


def furnish(shot: Shot, ppm: float, lit_share: float) -> None:
    """Put up everything that both shots have in common."""
    near = shot.view.z
    shot.stand(hills(1.4, -800, 900, 120, rgb("76879c"), 3), 0, 0, 1000 + near)
    shot.stand(hills(2.8, -420, 110, 38, rgb("7c8a58"), 8), 0, 0, 430 + near)
    shot.stand(breakwater(0.46 * ppm, 6), 20, 0, 130)
    shot.stand(upper_town(0.72 * ppm, -58, -4, 15, lit_share * 0.8), 0, 0, 86)
    shot.stand(row(ppm, -44, 4, QUAY, 23, lit_share), 0, 0, 56)
    shot.stand(pavement(ppm, -60, 18, QUAY - 0.9, QUAY + 0.2, 4), 0, 0, 52)
    shot.stand(quay(1.2 * ppm, -60, 18, QUAY, 5), 0, 0, 44)
    for x in np.arange(-33.5, 18, 7.0):
        shot.stand(lamp(1.2 * ppm, 2), float(x), QUAY, 45)
    for who in PEOPLE:
        shot.walk(who)


PEOPLE = [
    Walker(-12.5, 1.3, "a83a32", "2c3448", long_coat=True, z=46.5),
    Walker(-11.4, 1.3, "2f4a6a", "4a4238", hat="6a5a44", size=1.04, z=46.9),
    Walker(3.5, -1.15, "d9c08a", "5a4a3c", z=47.8),
    Walker(-3.0, -1.25, "4a6a52", "2a2c34", hat="b8402f", z=49.5),
    Walker(-2.2, -1.3, "c97f3a", "3a3a4c", size=0.68, z=49.3),
    Walker(8.2, -1.2, "5a3f66", "2c2a30", long_coat=True, z=48.6),
    Walker(-17.0, 4.4, "d8a83a", "33485a", kind="cyclist", hat="a83a32", z=46.0),
    Walker(11.0, -0.9, "7a8a96", "40382e", hat="d8cdb0", z=46.4),
]


def afternoon(seconds: float) -> Shot:
    """The first shot: along the harbour in the warm light of a late afternoon."""
    shot = Shot(AFTERNOON, View(WIDTH, HEIGHT, 1180, 300, 5.4, -8.5, 0.0), (1.45, 0.5), seconds, 7)
    furnish(shot, 22, 0.0)
    shot.float_on(sailing_boat(31, 3, "e9e2d2", 9.0, "7a2f2a"), -15.5, 39)
    shot.float_on(fishing_boat(33, 4, "2f6a72"), -3.5, 38.5)
    shot.float_on(sailing_boat(31, 5, "274a6a", 8.2), 7.5, 40)
    shot.float_on(sailing_boat(24, 2, "b0452f", 7.6, "e2d6b8"), 13.8, 47, flip=True)
    shot.float_on(sailing_boat(10, 8, "e9e2d2", 11), 33, 105, speed=0.5)
    shot.float_on(dinghy(40, 2, "e0b860"), -9.5, 34)
    shot.float_on(dinghy(40, 5, "4f8f86"), 3.6, 35.5, flip=True)
    shot.float_on(sailing_boat(50, 6, "e6dcc4", 8.0, "3f6a5a"), 7.4, 24.5)
    shot.row(-7.6, 25.5, 1.25)
    for bird in ((-7, 8.2, 17, 2.6, 0.2), (-1, 10.5, 30, 3.4, 1.1), (4, 9.6, 34, 3.0, 0.5), (9, 8.2, 26, -3.2, 0.8)):
        shot.fly(*bird)
    shot.stand(near_quay(135), -6.2, 2.35, 9.4, mirrored=False)

    def fisher(t: float, view: View) -> Item:
        c = angler(t, view.scale(9.5))
        return Item(shot.lit(c, 9.5), c, 9.5, lambda _: (-6.4, 2.5, 0.0), False)

    shot.actors.append(fisher)
    return shot


def dusk(seconds: float) -> Shot:
    """The second shot: lower, closer to the boats, lamps lit and the sun gone."""
    shot = Shot(DUSK, View(WIDTH, HEIGHT, 1250, 318, 3.3, 10.6, 15.0), (-0.75, 0.55), seconds, 11)
    furnish(shot, 34, 0.55)
    shot.float_on(fishing_boat(70, 4, "2f6a72"), 9.4, 34.5)
    shot.float_on(sailing_boat(50, 5, "274a6a", 8.2), 1.4, 40)
    shot.float_on(sailing_boat(50, 3, "e9e2d2", 9.0, "7a2f2a"), 19.4, 41, flip=True)
    shot.float_on(sailing_boat(14, 8, "e9e2d2", 11), 42, 100, speed=-0.5)
    shot.float_on(dinghy(90, 5, "4f8f86"), 5.6, 28.5)

    shot.stand(jetty(130), 9.0, 0.82, 24.2, mirrored=False)

    def fisherman(t: float, view: View) -> Item:
        c = lantern_bearer(t, view.scale(23.6), 1.25)
        return Item(shot.lit(c, 8.0), c, 23.6, lambda _: (6.3 + 1.25 * t, 0.74, 0.0), False)

    shot.actors.append(fisherman)
    shot.row(14.4, 30.0, -1.1, flip=True)
    for bird in ((15, 9, 45, 2.8, 0.2), (18.5, 8.2, 52, 3.1, 1.3), (13, 7.0, 38, 3.4, 0.7)):
        shot.fly(*bird)
    return shot
