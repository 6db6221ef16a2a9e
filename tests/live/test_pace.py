"""A frame rate that is held."""

from vidstyle.live.pace import SCALES, WAIT, Pace


def drive(pace: Pace, full: float, frames: int, now: float = 0.0) -> float:
    """Frames of which each takes `full` seconds at the full size, and in proportion to its pixels at another."""
    for _ in range(frames):
        seconds = full * pace.scale**2
        now += seconds
        pace.took(seconds, now)
    return now


def test_it_is_lowered_until_the_rate_is_held_and_raised_when_there_is_time() -> None:
    pace = Pace(budget=0.04)
    drive(pace, 0.03, 100)
    assert pace.scale == 1
    now = drive(pace, 0.09, 200)
    assert 0.09 * pace.scale**2 <= 0.04 < 0.09 * SCALES[pace.step - 1] ** 2
    drive(pace, 0.02, 2000, now)
    assert pace.scale == 1


def test_it_does_not_swing_to_and_fro() -> None:
    pace, changes, now = Pace(budget=0.04), 0, 0.0
    for _ in range(3000):
        before = pace.step
        # The larger size takes longer than its pixels tell, as where a cache is too small.
        seconds = 0.05 if pace.step == 0 else 0.02
        now += seconds
        pace.took(seconds, now)
        changes += pace.step != before
    assert now > 20 * WAIT
    assert changes < 12
