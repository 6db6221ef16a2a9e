"""From a pipe to a pipe."""

from __future__ import annotations

import io
import os
import select
import threading
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch

import vidstyle
from vidstyle.errors import OptionError
from vidstyle.media import RawVideo
from vidstyle.pipeline.pipe import ReaderGone, pipe

STYLE = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
TIMES = [0, 40, 90, 100, 250, 260]
"""Milliseconds."""


def painted(data: bytes, model: Path, **options: Any) -> tuple[bytes, str]:
    """What comes out for `data`, and the error, if any."""
    (there, write), (read, back) = os.pipe(), os.pipe()
    found: list[bytes] = []

    def feed() -> None:
        with suppress(BrokenPipeError), open(write, "wb") as file:  # who found a fault reads no further
            file.write(data)

    def collect() -> None:
        with open(read, "rb") as file:
            found.append(file.read())

    threads = [threading.Thread(target=work) for work in (feed, collect)]
    for thread in threads:
        thread.start()
    error = ""
    try:
        pipe(there, back, [(STYLE, 1.0)], model=model, runtime="pytorch", **options)
    except vidstyle.VidstyleError as problem:
        error = str(problem)
    finally:
        os.close(there)
        os.close(back)
        for thread in threads:
            thread.join()
    return found[0], error


def nut(pix_fmt: str = "yuv420p", size: tuple[int, int] = (64, 48), sound: str | None = "pcm_s16le") -> bytes:
    """Six pictures at uneven times, a tone, and a line of text."""
    rng, file = np.random.default_rng(0), io.BytesIO()
    with av.open(file, "w", format="nut") as out:
        video = out.add_stream("rawvideo", rate=25)
        video.width, video.height, video.pix_fmt = *size, pix_fmt
        video.codec_context.time_base = video.time_base = Fraction(1, 1000)
        rate, samples = (48000, 1152) if sound == "mp2" else (8000, 320)
        audio = out.add_stream(sound, rate=rate, layout="mono") if sound else None
        for at in TIMES:
            pixels = rng.integers(0, 255, (size[1] // 8, size[0] // 8, 3), np.uint8).repeat(8, 0).repeat(8, 1)
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(format=pix_fmt)
            frame.pts, frame.time_base = at, Fraction(1, 1000)
            out.mux(video.encode(frame))
            if audio is not None:
                tone = av.AudioFrame.from_ndarray(rng.integers(-9000, 9000, (1, samples), np.int16), "s16", "mono")
                tone.sample_rate, tone.pts, tone.time_base = rate, rate * at // 1000 + samples, Fraction(1, rate)
                out.mux(audio.encode(tone))
    return file.getvalue()


def inside(data: bytes | Path) -> tuple[list[Fraction], list[np.ndarray], list[tuple[int | None, bytes]]]:
    """Times and pixels of all pictures, times and bytes of all packets of sound."""
    times, pictures, sound = [], [], []
    with av.open(io.BytesIO(data) if isinstance(data, bytes) else str(data)) as container:
        for packet in container.demux():
            if packet.stream.type == "audio" and packet.size:
                sound.append((packet.pts, bytes(packet)))
            elif packet.stream.type == "video":
                for frame in packet.decode():
                    times.append(frame.pts * frame.time_base)
                    name = "rgba64le" if "a" in frame.format.name else "rgb48le"
                    pictures.append(frame.reformat(format=name).to_ndarray())
    return times, pictures, sound


def y4m(header: str, frame: bytes, count: int = 3) -> bytes:
    return f"YUV4MPEG2 {header}\n".encode() + count * (b"FRAME\n" + frame)


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p10le", "yuv444p", "rgb24", "rgba", "yuva420p"])
def test_nut_is_painted_as_a_file_is_and_keeps_the_rest(model: Path, tmp_path: Path, pix_fmt: str) -> None:
    data = nut(pix_fmt)
    (tmp_path / "in.nut").write_bytes(data)
    file = tmp_path / "out.nut"
    vidstyle.stylize(tmp_path / "in.nut", STYLE, file, model=model, runtime="pytorch", codec="rawvideo")
    out, error = painted(data, model)
    assert not error
    before, after, expected = inside(data), inside(out), inside(file)
    assert after[0] == before[0] == [Fraction(at, 1000) for at in TIMES]
    assert after[2] == before[2]
    assert len(after[2]) == 6
    for one, other, original in zip(after[1], expected[1], before[1], strict=True):
        np.testing.assert_array_equal(one, other)
        assert not np.array_equal(one, original)
        if "a" in pix_fmt:
            np.testing.assert_array_equal(one[..., 3], original[..., 3])


@pytest.mark.parametrize(
    ("header", "size"),
    [
        ("W63 H47 F30000:1001 It A4:3 C420mpeg2 XYSCSS=420MPEG2 XCOLORRANGE=FULL XOWN=1", 63 * 47 + 2 * 32 * 24),
        ("W64 H48 F25:1 Ip A1:1 C422p10 XYSCSS=422P10", 2 * 2 * 64 * 48),
        ("W31 H17 F25:1 Ip A0:0 C444", 3 * 31 * 17),
        ("W64 H48 F25:1 Ib A0:0 Cmono", 64 * 48),
    ],
)
def test_yuv4mpeg_unpainted_comes_out_byte_for_byte(model: Path, header: str, size: int) -> None:
    frame = bytes(1 if "p10" in header and i % 2 else 90 + i % 70 for i in range(size))
    data = y4m(header, frame)
    assert painted(data, model, strength=0) == (data, "")
    out, error = painted(data, model)
    assert not error
    assert out != data
    assert len(out) == len(data)
    assert out.startswith(data[: data.index(b"\n") + 7])


def test_yuv4mpeg_that_becomes_smaller_and_progressive_says_so(model: Path) -> None:
    frame = bytes(range(48)) * (64 * 48 * 3 // 2 // 48)
    out, error = painted(y4m("W64 H48 F25:1 It A4:3 C420jpeg", frame), model, max_side=32, deinterlace=True)
    assert not error
    assert out.startswith(b"YUV4MPEG2 W32 H24 F25:1 Ip A4:3 C420jpeg\nFRAME\n")
    assert out.count(b"FRAME\n") == 3


@pytest.mark.parametrize(
    ("pix_fmt", "size"), [("yuv420p10le", 2 * 64 * 48 * 3 // 2), ("nv12", 64 * 48 * 3 // 2), ("gbrap", 4 * 64 * 48)]
)
def test_raw_video_unpainted_comes_out_byte_for_byte(model: Path, pix_fmt: str, size: int) -> None:
    data = bytes(1 if "10le" in pix_fmt and i % 2 else 90 + i % 70 for i in range(size)) * 3
    raw = RawVideo.parse(f"64x48:{pix_fmt}@30000/1001")
    assert painted(data, model, raw=raw, strength=0) == (data, "")
    out, error = painted(data, model, raw=raw)
    assert (len(out), error) == (len(data), "")
    assert out != data


def test_sound_whose_packets_begin_alike_is_not_cut_off(model: Path) -> None:
    """FFmpeg leaves such beginnings out of NUT."""
    data = nut(sound="mp2")
    _, _, sound = inside(data)
    assert {begin[:2] for _, begin in sound} == {b"\xff\xfd"}
    out, error = painted(data, model)
    assert error == ""
    assert inside(out)[2] == sound


FRAME = bytes(64 * 48 * 3 // 2)
CUT = {
    "yuv4mpeg": (y4m("W64 H48 F25:1 C420jpeg", FRAME), {}),
    "NUT": (nut(), {}),
    "NUT without sound": (nut(sound=None), {}),
    "raw": (3 * FRAME, {"raw": RawVideo((64, 48), "yuv420p", Fraction(25))}),
}


@pytest.mark.parametrize("kind", CUT)
def test_an_end_in_mid_frame_is_told_and_what_came_whole_is_written(model: Path, kind: str) -> None:
    data, options = CUT[kind]
    whole, _ = painted(data, model, **options)
    out, error = painted(data[: len(data) // 2], model, **options)
    assert "standard input ends in the middle of a frame" in error
    if kind.startswith("NUT"):
        some, every = inside(out)[1], inside(whole)[1]
        assert 0 < len(some) < len(every)
        for one, other in zip(some, every, strict=False):
            np.testing.assert_array_equal(one, other)
    else:
        assert len(out) >= len(FRAME)
        assert whole.startswith(out)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"\x00\x01\x02 garbage " * 999, "neither yuv4mpeg nor NUT"),
        (b"nut/multimedia container\0" + b"garbage" * 999, "cannot be read as NUT"),
        (b"YUV4MPEG2 " + b"W" * 9999, "does not end"),
        (b"YUV4MPEG2 W64 H48 C420jpeg\n", "no frames"),
        (b"YUV4MPEG2 W64 H48 Cnone\nFRAME\n" + FRAME, "cannot be read as yuv4mpeg"),
        (b"YUV4MPEG2 W60000 H60000 C420jpeg\nFRAME\n", "limit"),
    ],
)
def test_what_is_no_video_writes_nothing(model: Path, data: bytes, message: str) -> None:
    out, error = painted(data, model)
    assert out == b""
    assert message in error
    assert "\n" not in error


def test_damage_in_yuv4mpeg_ends_the_stream_there(model: Path) -> None:
    data = y4m("W64 H48 F25:1 C420jpeg", FRAME)
    at = data.rindex(b"FRAME")
    out, error = painted(data[:at] + b"FRAUD" + data[at + 5 :] + 200_000 * b"x", model)
    assert "is damaged" in error
    assert "the 2 frames before it were written" in error
    assert out.count(b"FRAME\n") == 2


def test_options_that_make_no_sense(model: Path) -> None:
    for text in ("64x48", "64x48:yuv420p@0", "64x48:yuv000p@25", "0x48:yuv420p@25", "64x48:pal8@25", "64x48:vaapi@25"):
        with pytest.raises(OptionError, match="--raw"):
            RawVideo.parse(text)
    assert "not compressed" in painted(CUT["yuv4mpeg"][0], model, codec="h264")[1]
    assert "bt709" in painted(CUT["yuv4mpeg"][0], model, matrix="bt2100")[1]


def test_a_matrix_that_the_frames_do_not_tell_can_be_given(model: Path) -> None:
    frame = bytes([120]) * 64 * 48 + bytes([60]) * 32 * 24 + bytes([200]) * 32 * 24
    data = y4m("W64 H48 F25:1 C420jpeg", frame)
    assert painted(data, model, keep_color=True) == painted(data, model, keep_color=True, matrix="bt601")
    assert painted(data, model, keep_color=True) != painted(data, model, keep_color=True, matrix="bt709")


def test_a_reader_that_is_gone_ends_it(model: Path) -> None:
    (there, write), (read, back) = os.pipe(), os.pipe()
    os.write(write, CUT["yuv4mpeg"][0][:20_000])  # more could come
    os.close(read)
    with pytest.raises(ReaderGone):
        pipe(there, back, [(STYLE, 1.0)], model=model, runtime="pytorch")
    for descriptor in (there, write, back):
        os.close(descriptor)


@pytest.mark.parametrize("kind", ["yuv4mpeg", "NUT", "NUT without sound"])
def test_a_frame_comes_out_before_the_next_one_is_there(model: Path, kind: str) -> None:
    """Beside sound, whose place among the frames must be known first, one frame later."""
    if kind == "yuv4mpeg":
        data = CUT[kind][0]
        places = enough = [*[i for i in range(len(data)) if data.startswith(b"FRAME", i)][1:], len(data)]
    else:
        data, late = CUT[kind][0], kind == "NUT"
        with av.open(io.BytesIO(data)) as container:
            places = [p.pos + p.size for p in container.demux(video=0) if p.size]
        enough = [(number + 1 - late) * len(FRAME) for number in range(len(places))]
    (there, write), (read, back) = os.pipe(), os.pipe()

    def work() -> None:
        with open(back, "wb", buffering=0):
            pipe(there, back, [(STYLE, 1.0)], model=model, runtime="pytorch", batch=4)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        begin = out = 0
        for end, least in zip(places, enough, strict=True):
            os.write(write, data[begin:end])
            begin = end
            while out < least:
                assert select.select([read], [], [], 60)[0], f"{out} bytes of {least} came out"
                found = os.read(read, 1 << 16)
                assert found, "the stream has ended"
                out += len(found)
    finally:
        os.close(write)
        while os.read(read, 1 << 16):
            pass
        thread.join()
        os.close(there)
        os.close(read)
