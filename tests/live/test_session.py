"""From a source to sinks, in real time."""

import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from ports import free_port

from vidstyle.live import LivePainter
from vidstyle.live.session import Session
from vidstyle.live.sinks import parse_sink
from vidstyle.live.sources import parse_source
from vidstyle.media import Address, EncodedSink, Picture, open_live, source_address, target


def run(source: str, painter: LivePainter, sinks: list[str], seconds: float) -> Session:
    _, opening, again = parse_source(source)
    session = Session(opening, painter, [parse_sink(text) for text in sinks], again=again)
    session.start()
    session.ended.wait(seconds)
    session.stop()
    assert session.error is None
    assert [outlet.failed for outlet in session.outlets] == [None] * len(sinks)
    return session


def content(path: Path) -> tuple[list[tuple[float, np.ndarray]], np.ndarray, float]:
    """Pictures with their times; sound (S,) as float, and when it begins."""
    pictures, sound, begins = [], [], None
    with av.open(str(path)) as container:
        for frame in container.decode():
            if isinstance(frame, av.VideoFrame):
                pictures.append((frame.time, frame.to_ndarray(format="rgb24")))
            else:
                begins = frame.time if begins is None else begins
                sound.append(frame.to_ndarray()[0])
    return pictures, np.concatenate(sound), begins or 0.0


def test_flash_and_beep_stay_together_in_a_recording(plain: LivePainter, tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    session = run("test:160x96@50", plain, [str(path)], 4.0)
    pictures, sound, begins = content(path)
    assert len(pictures) == session.outlets[0].shown
    assert not list(tmp_path.glob(".*"))
    flashes = [
        time
        for (time, picture), (_, before) in zip(pictures[1:], pictures, strict=False)
        if picture[42:54, 74:86].mean() > 245 > before[42:54, 74:86].mean()
    ]
    loud = np.abs(sound) > 0.05
    onsets = [begins + at / 48_000 for at in np.flatnonzero(loud) if not loud[max(0, at - 4800) : at].any()]
    late = [min((abs(flash - onset), flash - onset) for onset in onsets)[1] for flash in flashes]
    assert len(late) >= 2
    # A frame lasts 0.02 s; one or two may have been dropped before the first of a flash.
    assert np.abs(np.median(late)) <= 0.03


def test_a_file_is_read_at_its_own_pace_and_ends(plain: LivePainter, clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "b.mp4"
    started = threading.Event()
    session = run(str(clip), plain, [str(path)], 20.0)
    assert session.ended.is_set()
    del started
    # 60 frames, the last begins at 2.43 s.
    assert session.feed.came == 60
    pictures, _, _ = content(path)
    assert pictures[-1][0] == pytest.approx(2.4, abs=0.25)


def test_udp_arrives_with_picture_and_sound(plain: LivePainter, tmp_path: Path) -> None:
    """One session sends to this machine; another receives and records."""
    address = f"udp://127.0.0.1:{free_port()}"
    sender = Session(parse_source("test:160x96@25")[1], plain, [parse_sink(address)])
    sender.start()
    path = tmp_path / "c.mkv"
    receiver = LivePainter(plain.stylizer, plain.controls)
    session = run(address, receiver, [str(path)], 3.0)
    sender.stop()
    assert session.feed.came > 25
    pictures, sound, _ = content(path)
    assert pictures[-1][1].std() > 20
    assert np.abs(sound).max() > 0.1


def test_a_stream_is_joined_in_its_midst(tmp_path: Path) -> None:
    """MPEG-TS without its first key frame, as after lost packets: no header tells a size."""
    whole, cut = tmp_path / "whole.ts", tmp_path / "cut.ts"
    sink = EncodedSink(target(str(whole)), (96, 64), Fraction(10), False)
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    for tenth in range(50):
        sink.show(np.roll(noise, 2 * tenth, 1), tenth / 10)
    sink.close()
    with av.open(str(whole)) as container:
        second = [packet.pos for packet in container.demux() if packet.size][3]
    data = whole.read_bytes()
    cut.write_bytes(data[: 188 * 3] + data[second:])
    options = {"probesize": "5000", "analyzeduration": "1"}
    with av.open(str(cut), format="mpegts", options=options) as container:
        assert container.streams.video[0].codec_context.width == 0
    stream = open_live(Address("cut", str(cut), "mpegts", options))
    assert sum(isinstance(item, Picture) for item in stream) > 20
    stream.close()
    assert stream.size == (96, 64)


def test_sound_that_is_missing_is_silence(tmp_path: Path) -> None:
    """Five seconds of pictures; of sound the first and the last."""
    path = tmp_path / "d.mkv"
    sink = EncodedSink(target(str(path)), (64, 64), Fraction(10), True)
    tone = np.int16(8000 * np.sin(np.arange(4800) / 10))[:, None].repeat(2, 1)
    for tenth in range(50):
        if tenth < 10 or tenth >= 40:
            sink.hear(tone, tenth / 10)
        sink.show(np.full((64, 64, 3), 90, np.uint8), tenth / 10)
    sink.close()
    _, sound, begins = content(path)
    second = [np.abs(sound[round((at - begins) * 48_000) :][:24_000]).mean() for at in (0.3, 1.5, 2.5, 3.3, 4.2)]
    assert min(second[0], second[-1]) > 0.05
    assert max(second[1:4]) < 0.005
    assert begins + len(sound) / 48_000 == pytest.approx(5.0, abs=0.1)


def test_a_recording_that_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    sink = EncodedSink(target(str(tmp_path / "e.mp4")), (64, 64), Fraction(10), False)
    sink.show(np.zeros((64, 64, 3), np.uint8), 0.0)
    sink.abort()
    assert not list(tmp_path.iterdir())


def test_a_playlist_is_written_beside_its_pieces(plain: LivePainter, tmp_path: Path) -> None:
    run("test:64x48@25", plain, [str(tmp_path / "live.m3u8")], 3.5)
    pictures, _, _ = content(tmp_path / "live.m3u8")
    assert len(pictures) > 25


def test_a_playlist_that_leads_to_a_file_reads_none(tmp_path: Path, clip: Path) -> None:
    """As a stranger's server might send it."""
    import functools
    import http.server

    (tmp_path / "x.m3u8").write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nfile://{clip}\n#EXT-X-ENDLIST\n")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        from vidstyle import InputError

        with pytest.raises(InputError):
            open_live(source_address(f"http://127.0.0.1:{server.server_address[1]}/x.m3u8"))
        server.shutdown()
