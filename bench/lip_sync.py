"""Sound against picture in the webcam's recordings: `python bench/lip_sync.py`, with Chromium and playwright.

Chromium's camera plays numbered frames, its microphone a beep at the begin of every second; when either begins is
chance. So the browser records both twice at once: the camera as it is, small, with the microphone (the measure), and
what the page saves: the painting with the sound that it has delayed. In each it is read what number is shown when it
beeps; the difference is how much the sound comes after its picture, negative where before.
"""

from __future__ import annotations

import base64
import itertools
import os
import sys
import tempfile
import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
from results_file import ROOT, record

sys.path.insert(0, str(ROOT / "tests" / "web"))

from chromium import FAKE, Server, page_of
from fake_camera import number_in, write

SETTLE, SECONDS, TIMES = 10, 30, 3
FRAMES, FPS, RATE = 240, 30, 48_000
SMALL = 4
"""By how much the camera is smaller in the recording that is the measure."""

# When the page asks for the microphone, another recording begins, of the camera as it is.
BESIDE = f"""
const get = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
MediaDevices.prototype.getUserMedia = async (wanted) => {{
  const stream = await get(wanted);
  if (wanted.video) window.own = stream;
  else {{
    const picture = own.getVideoTracks()[0].clone(), [sound] = stream.getAudioTracks();
    await picture.applyConstraints({{ width: {640 // SMALL}, height: {360 // SMALL} }});
    const both = new MediaStream([picture, sound.clone()]);
    window.recorder = new MediaRecorder(both, {{ mimeType: "video/webm;codecs=vp8,opus" }});
    window.parts = [];
    recorder.ondataavailable = ({{ data }}) => parts.push(data);
    recorder.start(1000);
  }}
  return stream;
}};
"""
TAKE = """async () => {
  await new Promise((resolve) => { recorder.onstop = resolve; recorder.stop(); });
  const reader = new FileReader();
  await new Promise((resolve) => { reader.onload = resolve; reader.readAsDataURL(new Blob(parts)); });
  return reader.result.split(",")[1];
}"""


def beeps(path: Path) -> Path:
    """As long as the camera's clip; both are played again and again."""
    at = np.arange(RATE * FRAMES // FPS)
    samples = np.where(at % RATE < RATE / 10, 12_000 * np.sin(2 * np.pi * 1000 / RATE * at), 0)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def shown(path: Path) -> np.ndarray:
    """When each new number came, and its place in the clip, (N, 2) seconds."""
    found: list[tuple[float, float]] = []
    before, rounds = None, 0
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            pixels = frame.to_ndarray(format="rgb24")
            number = number_in(pixels.repeat(SMALL, 0).repeat(SMALL, 1) if pixels.shape[1] == 640 // SMALL else pixels)
            if number is None or number == before:
                continue
            rounds += before is not None and number < before - FRAMES // 2
            before = number
            found.append((float(frame.time), (number + FRAMES * rounds) / FPS))
    return np.array(found)


def heard(path: Path) -> list[float]:
    """When beeps begin, seconds."""
    with av.open(str(path)) as container:
        parts = [(frame.time, frame.sample_rate, frame.to_ndarray()) for frame in container.decode(audio=0)]
    loud = []
    most = max(np.abs(samples).max() for _, _, samples in parts)
    for begin, rate, samples in parts:
        loud += [begin + at / rate for at in np.flatnonzero(np.abs(samples[0]) > most / 4)]
    return [at for before, at in itertools.pairwise(loud) if at - before > 0.3]


def shown_at_beeps(path: Path) -> np.ndarray:
    """What the picture's clock says at each beep, parts of a second."""
    picture, said = shown(path), []
    for at in heard(path):
        near = picture[np.abs(picture[:, 0] - at) < 0.5]
        if len(near) > 3:
            said.append((at - np.median(near[:, 0] - near[:, 1])) % 1)
    return np.array(said)


def middle(parts: np.ndarray) -> float:
    """The mean of times of day, where a day is a second."""
    return float(np.angle(np.exp(2j * np.pi * parts).mean()) / (2 * np.pi))


def spread(parts: np.ndarray) -> float:
    """Milliseconds between the 10th and the 90th percentile."""
    return float(1000 * np.ptp(np.percentile((parts - middle(parts) + 0.5) % 1, (10, 90))))


def recorded(page: Any, folder: Path) -> dict[str, Any]:
    page.click("#record")
    page.wait_for_timeout(1000 * SECONDS)
    figures = page.evaluate("figures")
    with page.expect_download() as download:
        page.click("#record")
    download.value.save_as(folder / "painted")
    (folder / "camera").write_bytes(base64.b64decode(page.evaluate(TAKE)))
    ours, measure = shown_at_beeps(folder / "painted"), shown_at_beeps(folder / "camera")
    return {
        "sound_after_picture_ms": round(1000 * ((middle(ours) - middle(measure) + 0.5) % 1 - 0.5), 1),
        "spread_ms": round(spread(ours), 1),
        "spread_of_the_measure_ms": round(spread(measure), 1),
        "beeps": len(ours),
        "delayed_ms": round(figures["late"]),
        "painted_fps": figures["fps_out"],
        "load": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        camera, microphone = write(folder / "camera.y4m", FRAMES), beeps(folder / "beeps.wav")
        devices = (f"--use-file-for-fake-video-capture={camera}", f"--use-file-for-fake-audio-capture={microphone}")
        server = Server(folder)
        server.start()
        try:
            with page_of(server, *FAKE, *devices, before=BESIDE, viewport={"width": 400, "height": 300}) as page:
                page.click("#webcam-switch")
                page.locator("#stage[data-state=live]").wait_for()
                page.locator("#webcam-styles label", has_text="waves").click()
                page.check("#record-sound")
                page.wait_for_timeout(1000 * SETTLE)
                found = [recorded(page, folder) for _ in range(TIMES)]
        finally:
            server.end()
    record("lip_sync", {"size": "640x360", "seconds": SECONDS, "recordings": found})


if __name__ == "__main__":
    main()
