"""Colour profile, camera data and XMP of photos, by Pillow's word."""

from pathlib import Path

import pytest
from PIL import Image, ImageCms
from PIL.ExifTags import GPS, IFD, Base

from vidstyle.media import open_sink, open_source

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6" dc:title="Sea"/></x:xmpmeta>'


@pytest.fixture(params=["jpg", "png"])
def photo(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """40×24, to be shown turned by a quarter."""
    exif = Image.Exif()
    exif[Base.Orientation], exif[Base.Model], exif[Base.DateTime] = 6, "Box camera", "1901:02:03 04:05:06"
    exif.get_ifd(IFD.Exif)[Base.FNumber] = 11.0
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitudeRef] = "N"
    path = tmp_path / f"in.{request.param}"
    more = {"xmp": XMP} if request.param == "jpg" else {}
    Image.effect_noise((40, 24), 90).convert("RGB").save(path, exif=exif, icc_profile=PROFILE, **more)
    return path


def copy(photo: Path, out: Path) -> list[str]:
    with open_source(photo) as source, open_sink(out, source) as sink:
        for frame in source:
            sink.write(frame)
    return sink.notes.lines


@pytest.mark.parametrize("ending", ["jpg", "png"])
def test_a_photo_keeps_its_tags_and_stands_upright(photo: Path, ending: str, tmp_path: Path) -> None:
    notes = copy(photo, tmp_path / f"out.{ending}")
    with Image.open(tmp_path / f"out.{ending}") as image:
        image.load()
        exif = image.getexif()
        assert image.size == (24, 40)
        assert image.info["icc_profile"] == PROFILE
        assert (exif[Base.Orientation], exif[Base.Model]) == (1, "Box camera")
        assert exif.get_ifd(IFD.Exif)[Base.FNumber] == 11.0
        assert exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitudeRef] == "N"
        if photo.suffix == ".jpg":
            xmp = image.info.get("xmp") or image.info["XML:com.adobe.xmp"]
            assert xmp == XMP.replace(b'Orientation="6"', b'Orientation="1"')
    assert not [note for note in notes if "left out" in note]


@pytest.mark.parametrize("ending", ["webp", "tif", "mp4"])
def test_what_cannot_be_kept_is_named(photo: Path, ending: str, tmp_path: Path) -> None:
    (note,) = [note for note in copy(photo, tmp_path / f"out.{ending}") if "left out" in note]
    assert "colour profile, camera data (EXIF)" in note


def test_a_profile_longer_than_a_segment_is_split(tmp_path: Path) -> None:
    long = PROFILE + bytes(150_000)
    Image.effect_noise((16, 16), 90).convert("RGB").save(tmp_path / "in.png", icc_profile=long)
    copy(tmp_path / "in.png", tmp_path / "out.jpg")
    with Image.open(tmp_path / "out.jpg") as image:
        assert image.info["icc_profile"] == long


def test_a_profile_for_gray_does_not_go_with_a_colour_picture(tmp_path: Path) -> None:
    gray = PROFILE[:16] + b"GRAY" + PROFILE[20:]
    Image.effect_noise((16, 16), 90).save(tmp_path / "in.jpg", icc_profile=gray)
    assert any("left out" in note for note in copy(tmp_path / "in.jpg", tmp_path / "out.jpg"))
    with Image.open(tmp_path / "out.jpg") as image:
        assert "icc_profile" not in image.info
