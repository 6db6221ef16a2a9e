"""Pictures that are looked at rather than processed: styles, training sets, pictures to judge by."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from vidstyle.errors import InputError, StyleError
from vidstyle.frames import MAX_PIXELS

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["as_image", "list_pictures", "load_image", "load_square", "load_squares", "short_side"]

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}


def list_pictures(folder: Path) -> list[Path]:
    """Every picture under `folder`, by name; InputError where there is none."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not found:
        raise InputError(f"{folder} holds no pictures ({', '.join(sorted(SUFFIXES))})")
    return found


def load_square(path: Path, side: int) -> np.ndarray:
    """The middle square of a picture as sRGB (side, side, 3) uint8; errors as those of `load_image`."""
    # Twice the side, then a good filter: a JPEG decoded straight at its size moves style distances by 5 %.
    image = Image.fromarray(load_image(path, enough=2 * side))
    return np.array(ImageOps.fit(image, (side, side), Image.Resampling.LANCZOS))


def load_squares(paths: Iterable[Path], side: int) -> tuple[dict[Path, np.ndarray], list[str]]:
    """The middle squares of those pictures that can be read, and a line for each that cannot."""

    def load(path: Path) -> np.ndarray | str:
        try:
            return load_square(path, side)
        except StyleError as error:
            return str(error)

    squares, damaged = {}, []
    paths = list(paths)
    with ThreadPoolExecutor(min(16, os.cpu_count() or 1)) as readers:
        for path, found in zip(paths, readers.map(load, paths), strict=True):
            if isinstance(found, str):
                damaged.append(found)
            else:
                squares[path] = found
    return squares, damaged


def as_image(pixels: Tensor) -> Image.Image:
    """(3, H, W) in [0, 1] as a picture of 8 bits."""
    codes = (pixels.detach().float().clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu()
    return Image.fromarray(np.asarray(codes))


def short_side(picture: Tensor, side: int) -> Tensor:
    """With `side` pixels at its short side, and at least 32 each way: encoders halve pictures up to five times."""
    height, width = picture.shape[-2:]
    scale = side / min(height, width)
    size = max(32, round(height * scale)), max(32, round(width * scale))
    if max(size) > 8 * side:
        raise StyleError(f"a style picture of {width}×{height} is too narrow; crop it to a usual shape")
    import torch.nn.functional as F  # here, so that who only decodes pictures does not wait for PyTorch

    return F.interpolate(picture, size, mode="bicubic", antialias=True, align_corners=False).clamp(0, 1)


def load_image(path: str | os.PathLike[str], *, max_pixels: int = MAX_PIXELS, enough: int | None = None) -> np.ndarray:
    """A picture file as sRGB (H, W, 3) uint8: upright, transparency over white, first frame of an animation.

    `enough`: a side in pixels that will do; a JPEG is then decoded at the smallest scale that is no smaller.
    StyleError where the picture is missing, damaged, no picture, or larger than `max_pixels`.
    """
    path = Path(path)
    if path.is_dir():
        raise StyleError(f"{path} is a folder, not a picture")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own limit is lower than ours
            with Image.open(path) as image:
                if image.width * image.height > max_pixels:
                    raise StyleError(
                        f"{path} is {image.width}x{image.height}, more than the limit of {max_pixels} pixels; "
                        "scale it down"
                    )
                if enough is not None:
                    image.draft(None, (enough, enough))
                return _pixels(image)
    except FileNotFoundError:
        raise StyleError(f"{path} does not exist; check the name") from None
    except UnidentifiedImageError:
        raise StyleError(f"{path} is not a picture that can be read") from None
    except Image.DecompressionBombError:
        raise StyleError(f"{path} is larger than the limit of {max_pixels} pixels; scale it down") from None
    except (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, MemoryError, OverflowError) as error:
        text = " ".join(str(error).split())[:120]
        raise StyleError(f"{path} cannot be read: {text or type(error).__name__}") from None


def _pixels(image: Image.Image) -> np.ndarray:
    profile = image.info.get("icc_profile")
    image.load()
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith(("I", "F")):  # 16-bit gray; Pillow's own conversion would clip it
        deep = np.asarray(upright, np.float64)
        peak = 65535 if deep.max(initial=0) > 255 else 255
        gray = np.clip(np.rint(deep * (255 / peak)), 0, 255).astype(np.uint8)
        return np.dstack([gray] * 3)
    if upright.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in upright.info:
        rgba = upright.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return np.array(Image.alpha_composite(white, rgba).convert("RGB"))
    if profile:
        upright = _to_srgb(upright, profile)
    return np.array(upright.convert("RGB"))


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """By the embedded profile; a profile that does not fit the picture is ignored, as browsers do."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        return image if converted is None else converted
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image
