"""The sound of the harbour: lapping water, gulls that cross the stereo picture, a ship's horn, halyards and a bell."""

from __future__ import annotations

import numpy as np
from paint import Array

RATE = 48_000


def band(noise: Array, low: float, high: float) -> Array:
    """Keep a band of frequencies, with soft edges."""
    spectrum = np.fft.rfft(noise)
    f = np.fft.rfftfreq(noise.size, 1 / RATE) + 1e-6
    return np.fft.irfft(spectrum / (1 + (low / f) ** 4) / (1 + (f / high) ** 4), noise.size)


def pan(mono: Array, side: float | Array) -> Array:
    """Place a sound between left (-1) and right (+1) at constant power; the far ear hears it a little later."""
    angle = (np.asarray(side) + 1) * np.pi / 4
    left, right = mono * np.cos(angle), mono * np.sin(angle)
    lag = int(0.0004 * RATE * abs(float(np.mean(side))))
    return np.stack([np.roll(left, lag if np.mean(side) > 0 else 0), np.roll(right, lag if np.mean(side) < 0 else 0)])


def add(track: Array, at: float, sound: Array) -> None:
    """Mix a stereo sound into the track from a time on."""
    start = int(at * RATE)
    if start < track.shape[1]:
        sound = sound[:, : track.shape[1] - start]
        track[:, start : start + sound.shape[1]] += sound


def water(seconds: float, rng: np.random.Generator) -> Array:
    """A broad hush that swells, with laps and gurgles against hulls and stone."""
    n = int(seconds * RATE)
    t = np.arange(n) / RATE
    track = np.zeros((2, n))
    for ear in (0, 1):
        swell = 0.6 + 0.3 * np.sin(2 * np.pi * t / 2.7 + ear) + 0.1 * np.sin(2 * np.pi * t / 1.1 + 2 * ear)
        track[ear] = (
            band(rng.standard_normal(n), 180, 1400) * swell * 0.05 + band(rng.standard_normal(n), 30, 160) * 0.03
        )
    for at in np.arange(0, seconds, 0.13) + rng.uniform(-0.06, 0.06, len(np.arange(0, seconds, 0.13))):
        length = rng.uniform(0.08, 0.3)
        u = np.linspace(0, 1, int(length * RATE))
        pitch = rng.uniform(260, 620) * (1 + 0.5 * u)
        drop = np.sin(2 * np.pi * np.cumsum(pitch) / RATE) * 0.25 + band(rng.standard_normal(u.size), 400, 2400)
        lap = drop * np.sin(np.pi * u**0.5) ** 2 * rng.uniform(0.01, 0.05)
        add(track, max(at, 0), pan(lap, rng.uniform(-0.9, 0.9)))
    return track


def gull_call(rng: np.random.Generator, pitch: float, side: tuple[float, float]) -> Array:
    """A few falling cries that travel from one side to the other."""
    cries = []
    for k in range(int(rng.integers(3, 6))):
        u = np.linspace(0, 1, int(RATE * rng.uniform(0.16, 0.26) * (1.5 if k == 0 else 1)))
        f = pitch * (0.82 + 0.5 * np.sin(np.pi * u**0.6)) * rng.uniform(0.94, 1.06)
        phase = 2 * np.pi * np.cumsum(f * (1 + 0.02 * np.sin(2 * np.pi * 38 * u))) / RATE
        voice = sum(np.sin(h * phase) * g for h, g in ((1, 0.5), (2, 1.0), (3, 0.55), (4, 0.3), (5, 0.12)))
        rasp = 1 + 0.35 * band(rng.standard_normal(u.size), 20, 140)
        cries += [voice * rasp * np.sin(np.pi * u) ** 0.7 * (0.9**k), np.zeros(int(RATE * rng.uniform(0.03, 0.12)))]
    call = np.concatenate(cries)
    return pan(call * 0.035, np.linspace(*side, call.size))


def horn() -> Array:
    """A ship's horn far away: two reedy tones and their echo off the hills."""
    u = np.arange(int(1.7 * RATE)) / RATE
    tone = sum(np.sin(2 * np.pi * f * h * u) / h**1.1 for f in (116.5, 147.0) for h in range(1, 9))
    tone = band(tone * np.clip(u / 0.15, 0, 1) * np.clip((1.7 - u) / 0.4, 0, 1), 70, 520) * 0.045
    track = np.zeros((2, int(3.2 * RATE)))
    add(track, 0.0, pan(tone, 0.5))
    add(track, 0.42, pan(band(tone, 70, 330) * 0.45, -0.5))
    add(track, 0.9, pan(band(tone, 70, 260) * 0.25, 0.1))
    return track


def bell(pitch: float, seconds: float, loud: float, side: float) -> Array:
    """A struck bell: inharmonic partials that die away at their own pace."""
    u = np.arange(int(seconds * RATE)) / RATE
    partials = (
        (0.5, 0.5, 1.2),
        (1.0, 1.0, 1.8),
        (1.19, 0.6, 2.4),
        (1.56, 0.35, 3.2),
        (2.0, 0.7, 3.5),
        (2.66, 0.3, 5.0),
        (3.76, 0.2, 8.0),
    )
    tone = sum(g * np.sin(2 * np.pi * pitch * r * u) * np.exp(-d * u) for r, g, d in partials)
    return pan(tone * loud * np.clip(u / 0.004, 0, 1), side)


def soundtrack(seconds: float, cut: float) -> Array:
    """The whole track, float32 stereo, (2, samples)."""
    rng = np.random.default_rng(5)
    n = round(seconds * RATE)
    track = np.zeros((2, n))
    day, evening = water(cut + 0.15, rng), water(seconds - cut, rng) * 0.7
    day[:, -int(0.15 * RATE) :] *= np.linspace(1, 0, int(0.15 * RATE))
    add(track, 0, day)
    add(track, cut, evening)
    add(track, 0.25, gull_call(rng, 780, (-0.9, 0.7)))
    add(track, 1.75, gull_call(rng, 910, (0.9, -0.3)) * 0.6)
    add(track, 0.9, horn())
    for at in (0.35, 0.62, 1.3, 1.95, 2.2, 2.9, cut + 0.5, cut + 1.4):
        add(track, at, bell(2900 * rng.uniform(0.9, 1.15), 0.25, 0.006, rng.uniform(-0.7, 0.7)))
    add(track, cut + 0.12, bell(330, 2.2, 0.055, -0.45))
    add(track, cut + 1.22, bell(330, 2.2, 0.05, -0.45))
    add(track, cut + 0.7, gull_call(rng, 840, (0.2, 0.95)) * 0.3)
    fade = int(0.04 * RATE)
    track[:, :fade] *= np.linspace(0, 1, fade)
    track[:, -4 * fade :] *= np.linspace(1, 0, 4 * fade)
    return np.tanh(track * 3.8).astype(np.float32) * 0.8
