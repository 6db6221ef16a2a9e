"""What comes out: encoders, alpha, stills, folders, and nothing until it is complete."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from queue import Queue

import av
import numpy as np
import pytest
from PIL import Image

from vidstyle.errors import InputError, OptionError, OutputError, StyleError
from vidstyle.media import EncoderSettings, default_output, open_sink, open_source
from vidstyle.pictures import load_image

from .made import make_clip, pixels


def copy(clip: Path, out: Path, paint: bool = True, **settings: object) -> list[str]:
    with open_source(clip) as source, open_sink(out, source, encoder=EncoderSettings(**settings)) as sink:
        for frame in source:
            if paint:
                frame.rgb = frame.rgb
            sink.write(frame)
    return sink.notes.lines


def read(path: Path) -> list[np.ndarray]:
    with open_source(path) as source:
        return [frame.rgb for frame in source]


@pytest.mark.parametrize(
    ("codec", "ending", "canonical"),
    [
        ("h264", "mp4", "h264"),
        ("h265", "mp4", "hevc"),
        ("av1", "mkv", "av1"),
        ("vp9", "webm", "vp9"),
        ("prores", "mov", "prores"),
        ("dnxhr", "mxf", "dnxhd"),
        ("ffv1", "mkv", "ffv1"),
        ("gif", "gif", "gif"),
        ("h264", "avi", "h264"),
        ("libx264", "ts", "h264"),
        (None, "webm", "vp9"),
        (None, "webp", "webp"),
    ],
)
def test_encoders_by_name_and_by_container(codec: str | None, ending: str, canonical: str, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mkv", size=(320, 192), frames=6, codec="ffv1")
    out = tmp_path / f"out.{ending}"
    copy(clip, out, codec=codec)
    if ending != "webp":
        with av.open(str(out)) as result:
            assert result.streams.video[0].codec_context.codec.canonical_name == canonical
    old, new = read(clip), read(out)
    assert len(new) == len(old)
    for a, b in zip(old, new, strict=True):
        assert np.abs(a.astype(int) - (b >> 8 if b.dtype == np.uint16 else b)).mean() < 10


def test_what_nobody_painted_keeps_its_code_values(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mkv", codec="libx265", pix_fmt="yuv420p10le")
    copy(clip, tmp_path / "out.mkv", paint=False, codec="ffv1")
    with av.open(str(clip)) as a, av.open(str(tmp_path / "out.mkv")) as b:
        for old, new in zip(a.decode(video=0), b.decode(video=0), strict=True):
            assert new.format.name == "yuv420p10le"
            for plane, other in zip(old.planes, new.planes, strict=True):
                rows = [np.frombuffer(p, np.uint16).reshape(p.height, -1)[:, : p.width] for p in (plane, other)]
                assert (rows[0] == rows[1]).all()


@pytest.mark.parametrize(
    ("size", "codec"), [((65, 49), "h264"), ((65, 49), "h265"), ((65, 49), "av1"), ((65, 48), "vp9")]
)
def test_odd_sizes_stay(size: tuple[int, int], codec: str, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mkv", codec="ffv1", size=size)
    copy(clip, tmp_path / "out.mkv", codec=codec)
    assert read(tmp_path / "out.mkv")[0].shape == (size[1], size[0], 3)


@pytest.mark.parametrize("ending", ["webm", "mov", "mkv", "gif", "webp", "png"])
def test_alpha_goes_through(ending: str, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for index in range(3):
        alpha = np.full((48, 64), 255, np.uint8)
        alpha[10:30, 10:40] = 0
        Image.fromarray(np.dstack([pixels(index), alpha])).save(folder / f"{index}.png")
    out = tmp_path / ("out/%02d.png" if ending == "png" else f"out.{ending}")
    notes = copy(folder, out)
    assert not any("transparency" in line for line in notes)
    with open_source(out) as source:
        frames = list(source)
        assert len(frames) == 3
        for frame in frames:
            scale = 257 if frame.alpha.dtype == np.uint16 else 1
            assert frame.alpha[12:28, 12:38].max() < 12 * scale
            assert frame.alpha[40:].min() > 243 * scale


@pytest.mark.parametrize("codec", ["h264", "h265", "av1", "vp9"])
def test_a_clip_of_one_frame(codec: str, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mkv", codec="ffv1", frames=1)
    copy(clip, tmp_path / "out.mp4", codec=codec)
    with av.open(str(tmp_path / "out.mp4")) as result:
        (packet,) = (p for p in result.demux(video=0) if p.size)
        assert packet.pts == packet.dts == 0


def test_lost_alpha_is_said(tmp_path: Path) -> None:
    Image.fromarray(np.dstack([pixels(0), np.full((48, 64), 9, np.uint8)])).save(tmp_path / "a.png")
    assert any("transparency is lost" in line for line in copy(tmp_path / "a.png", tmp_path / "b.jpg"))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_stills_come_out_upright(orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels(0)).save(tmp_path / "in.jpg", exif=exif, quality=98, subsampling=0)
    copy(tmp_path / "in.jpg", tmp_path / "out.png")
    upright = load_image(tmp_path / "in.jpg")  # Pillow's word
    found = np.array(Image.open(tmp_path / "out.png"))
    assert found.shape == upright.shape
    assert np.abs(found.astype(int) - upright).mean() < 2


def test_sixteen_bit_stills_stay_deep(tmp_path: Path) -> None:
    deep = np.linspace(0, 65535, 64 * 48).reshape(48, 64).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "in.png")
    copy(tmp_path / "in.png", tmp_path / "out.png")
    found = np.array(Image.open(tmp_path / "out.png"))
    assert np.abs(found.astype(int) - deep).max() <= 1


def test_frames_of_a_clip_as_numbered_pictures_are_said_to_have_no_sound(tmp_path: Path) -> None:
    notes = copy(make_clip(tmp_path / "in.mkv", frames=2), tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["000001.png", "000002.png"]
    assert [note for note in notes if "neither sound nor times" in note and ".mp4" in note]


def test_folders_keep_names_and_natural_order(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for index in (1, 2, 10):
        Image.fromarray(pixels(index)).save(folder / f"shot{index}.png")
    copy(folder, tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["shot1.png", "shot10.png", "shot2.png"]
    assert all((a == pixels(i)).all() for a, i in zip(read(tmp_path / "out"), (1, 2, 10), strict=True))
    assert len(read(folder / "shot%d.png")) == 3


def test_the_pictures_of_a_folder_keep_size_name_format_and_turn(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels(0)).save(folder / "a.png")
    Image.fromarray(pixels(1, 80, 32)).save(folder / "b.jpg", exif=exif, quality=98, subsampling=0)
    Image.fromarray(np.dstack([pixels(2, 33, 41), np.full((41, 33), 9, np.uint8)])).save(folder / "c.png")
    Image.fromarray((np.arange(64 * 48).reshape(48, 64) * 21).astype(np.uint16)).save(folder / "d.png")
    Image.fromarray(pixels(3, 50, 20)).save(folder / "a.ppm")
    copy(folder, tmp_path / "out")
    found = {p.name: Image.open(p) for p in (tmp_path / "out").iterdir()}
    sizes = {name: (image.size, image.mode) for name, image in found.items()}
    assert sizes == {
        "a.png": ((64, 48), "RGB"),
        "a.ppm.png": ((50, 20), "RGB"),
        "b.jpg": ((32, 80), "RGB"),
        "c.png": ((33, 41), "RGBA"),
        "d.png": ((64, 48), "I;16"),
    }
    upright = load_image(folder / "b.jpg")  # Pillow's word
    assert np.abs(np.array(found["b.jpg"]).astype(int) - upright).mean() < 3
    assert (np.array(found["d.png"]) == np.array(Image.open(folder / "d.png"))).mean() > 0.99
    assert any("differ in size" in line for line in copy(folder, tmp_path / "out.mkv"))


def test_special_files_are_neither_read_nor_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    os.mkfifo(tmp_path / "pipe.mp4")
    for name in ("pipe.png", "pipe.mp4"):
        with pytest.raises(InputError, match="pipe or a device"):
            open_source(tmp_path / name)
    clip = make_clip(tmp_path / "in.mkv", frames=2)
    for out in (tmp_path / "pipe.mp4", Path("/dev/null")):
        with pytest.raises(OutputError, match="pipe or a device"):
            copy(clip, out)
    (tmp_path / "link.mkv").symlink_to("real.mkv")
    copy(clip, tmp_path / "link.mkv")
    assert (tmp_path / "link.mkv").is_symlink()
    assert len(read(tmp_path / "real.mkv")) == 2


def fail(clip: Path, out: Path, error: type[BaseException]) -> None:
    with open_source(clip) as source, open_sink(out, source) as sink:
        for frame in source:
            sink.write(frame)
            raise error


def test_a_failed_run_leaves_the_old_file_and_no_debris(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mkv")
    for out in (tmp_path / "out.mp4", tmp_path / "frames"):
        if out.suffix:
            out.write_bytes(b"old")
        for error in (KeyboardInterrupt, RuntimeError):
            with pytest.raises(error):
                fail(clip, out, error)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.mkv", "out.mp4"]
    assert (tmp_path / "out.mp4").read_bytes() == b"old"


FULL = """
import resource, signal, sys
from vidstyle.errors import OutputError
from vidstyle.media import EncoderSettings, open_sink, open_source
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with open_source(sys.argv[1]) as source:
        with open_sink(sys.argv[2], source, encoder=EncoderSettings(codec=sys.argv[3])) as sink:
            for frame in source:
                sink.write(frame)
except OutputError as error:
    print(error)
"""


@pytest.mark.parametrize(("name", "codec"), [("out.mkv", "ffv1"), ("out.nut", "ffv1"), ("out.mov", "prores")])
def test_a_full_disk_is_one_line(name: str, codec: str, tmp_path: Path) -> None:
    """A limit on file sizes stands in for the end of the disk."""
    clip = make_clip(tmp_path / "in.mkv", codec="ffv1", frames=25, size=(320, 240))
    command = [sys.executable, "-c", FULL, str(clip), str(tmp_path / name), codec]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert "cannot be written" in done.stdout
    assert (done.stdout.count("\n"), done.stderr) == (1, "")
    assert [p.name for p in tmp_path.iterdir()] == ["in.mkv"]


def test_an_end_without_a_word_leaves_nothing(tmp_path: Path) -> None:
    """A signal may come between the making of a file and the `with` that would take it away."""
    (tmp_path / "out.png").write_text("old")
    script = (
        "import sys; from pathlib import Path; from vidstyle.staging import StagedFile, StagedFolder\n"
        "folder = Path(sys.argv[1])\n"
        "staged = StagedFile(folder / 'out.png', True), StagedFolder(folder / 'out', True)\n"
        "print(len(list(folder.iterdir()))); raise KeyboardInterrupt"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.stdout == "3\n"
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("out.png", "old")]


def test_settings_that_make_no_sense_are_named(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mkv")
    for settings, error in [
        ({"codec": "nonsense"}, OptionError),
        ({"codec": "aac"}, OptionError),
        ({"preset": "warp"}, OptionError),
        ({"pix_fmt": "rgb24"}, OptionError),
        ({"options": {"nope": "1"}}, OptionError),
        ({"options": {"x264-params": "nope=1"}}, OptionError),
        ({"codec": "h264_nvenc"}, OutputError),
        ({"codec": "h264_videotoolbox"}, OutputError),
    ]:
        with pytest.raises(error) as caught:
            copy(clip, tmp_path / "out.mp4", **settings)
        assert "\n" not in str(caught.value)
    for name in ("out.xyz", "none/out.mp4", "out.png"):
        with pytest.raises(OutputError):
            copy(clip, tmp_path / name)
    (tmp_path / "there.mp4").touch()
    with open_source(clip) as source, pytest.raises(OutputError, match="exists"):
        open_sink(tmp_path / "there.mp4", source, overwrite=False)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.mkv", "there.mp4"]


def test_reading_and_writing_threads_do_not_wait_for_each_other(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mkv", frames=60, sound=True)
    with open_source(clip) as source, open_sink(tmp_path / "out.mkv", source) as sink:
        frames: Queue = Queue(1)

        def feed() -> None:
            for frame in source:
                frames.put(frame)
            frames.put(None)

        reader = threading.Thread(target=feed, daemon=True)
        reader.start()
        while (frame := frames.get(timeout=30)) is not None:
            sink.write(frame)
        reader.join(30)
    assert len(read(tmp_path / "out.mkv")) == 60


def test_pictures_for_styles(tmp_path: Path) -> None:
    Image.fromarray(np.dstack([pixels(0), np.zeros((48, 64), np.uint8)])).save(tmp_path / "clear.png")
    assert (load_image(tmp_path / "clear.png") == 255).all()
    Image.fromarray((np.arange(256).reshape(16, 16) * 257).astype(np.uint16)).save(tmp_path / "deep.png")
    assert np.abs(load_image(tmp_path / "deep.png")[..., 0].astype(int) - np.arange(256).reshape(16, 16)).max() <= 1
    Image.fromarray(pixels(0)).convert("P").save(tmp_path / "palette.gif")
    assert load_image(tmp_path / "palette.gif").shape == (48, 64, 3)
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "cut.png").write_bytes((tmp_path / "deep.png").read_bytes()[:60])
    for name in ("text.jpg", "cut.png", "missing.png", "."):
        with pytest.raises(StyleError) as caught:
            load_image(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_default_names_stand_beside_the_input(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mkv")
    with open_source(clip) as source:
        assert default_output(source, "wave") == tmp_path / "in-wave.mkv"
