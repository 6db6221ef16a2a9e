"""Pictures between code values and RGB, by the closed forms of ITU-T H.273.

swscale only changes the chroma's resolution (it is not exact beyond 8 bits); the matrix is applied here, in one pass.
"""

from __future__ import annotations

import av
import cv2
import numpy as np
from av.video.format import VideoFormat
from av.video.reformatter import Interpolation, VideoReformatter

from vidstyle.frames import ColorSpec
from vidstyle.media.source import SourceInfo

__all__ = [
    "ColourReader",
    "ColourWriter",
    "color_of",
    "has_alpha",
    "matrix_of",
    "pixel_depth",
    "rgb_matrix",
    "yuv_matrix",
]

# (Kr, Kb) by H.273 matrix code point.
LUMA_WEIGHTS = {
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
    10: (0.2627, 0.0593),
}
HD_HEIGHT = 720
SRGB_TRANSFER = 13
SCALER = (
    Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP
)


def color_of(frame: av.VideoFrame, context: av.VideoCodecContext | None) -> ColorSpec:
    """The tags of a picture, or those of its stream where it has none."""

    def tagged(name: str, unspecified: int = 2) -> int:
        own = int(getattr(frame, name))
        return own if own != unspecified or context is None else int(getattr(context, name))

    range_ = tagged("color_range", 0)
    name = frame.format.name
    rgb = frame.format.is_rgb or frame.format.has_palette
    full = range_ == 2 or name.startswith("yuvj") or rgb or (range_ == 0 and name.startswith(("gray", "ya")))
    return ColorSpec(
        full_range=full,
        matrix=tagged("colorspace"),
        primaries=tagged("color_primaries"),
        transfer=tagged("color_trc"),
    )


def written_color(info: SourceInfo, pix_fmt: str) -> ColorSpec:
    """The tags of the result: the source's, except where RGB becomes Y'CbCr or back."""
    format = av.VideoFormat(pix_fmt, 2, 2)
    rgb = format.is_rgb or format.has_palette
    color = info.color
    if rgb:
        return ColorSpec(True, 0 if not format.has_palette else 2, color.primaries, color.transfer)
    if not info.color_is_rgb:
        full = color.full_range or pix_fmt.startswith("yuvj")
        return ColorSpec(full, color.matrix, color.primaries, color.transfer)
    primaries = 1 if color.primaries == 2 else color.primaries
    transfer = SRGB_TRANSFER if color.transfer == 2 else color.transfer
    return ColorSpec(pix_fmt.startswith("yuvj"), 1, primaries, transfer)


def matrix_of(color: ColorSpec, height: int) -> int:
    """The matrix to compute with: the tagged one, else BT.601 (6) under 720 lines and BT.709 (1) from 720."""
    if color.matrix in LUMA_WEIGHTS:
        return color.matrix
    return 1 if height >= HD_HEIGHT else 6


def pixel_depth(format: VideoFormat) -> int:
    """Bits per component: 8, 10, 12 or 16 (9 counts as 10, 14 as 16; floats as 16)."""
    bits = max((c.bits for c in format.components), default=8)
    return next(d for d in (8, 10, 12, 16) if bits <= d or d == 16)


def has_alpha(format: VideoFormat) -> bool:
    return format.has_palette or any(c.is_alpha for c in format.components)


def rgb_matrix(matrix: int, full_range: bool, depth: int, scale: float) -> np.ndarray:
    """(3, 4) affine map from Y'CbCr code values at `depth` bits to R'G'B' in [0, `scale`]."""
    inverse = np.linalg.inv(np.vstack([yuv_matrix(matrix, full_range, depth, scale), [0, 0, 0, 1]]))
    return inverse[:3]


def yuv_matrix(matrix: int, full_range: bool, depth: int, scale: float) -> np.ndarray:
    """(3, 4) affine map from R'G'B' in [0, `scale`] to Y'CbCr code values at `depth` bits."""
    kr, kb = LUMA_WEIGHTS[matrix]
    luma = np.array([kr, 1 - kr - kb, kb])
    cb = (np.array([0, 0, 1]) - luma) / (2 * (1 - kb))
    cr = (np.array([1, 0, 0]) - luma) / (2 * (1 - kr))
    step = 1 << (depth - 8)
    peak = (1 << depth) - 1
    gains = (peak, peak, peak) if full_range else (219 * step, 224 * step, 224 * step)
    offsets = (0 if full_range else 16 * step, 128 * step, 128 * step)
    rows = [np.append(g / scale * row, o) for g, row, o in zip(gains, (luma, cb, cr), offsets, strict=True)]
    return np.stack(rows)


def _suffix(depth: int) -> str:
    return "" if depth == 8 else f"{depth}le"


def _plane(frame: av.VideoFrame, index: int, depth: int) -> np.ndarray:
    """A writable (H, W) view of one plane, without its padding."""
    plane = frame.planes[index]
    dtype = np.dtype(np.uint8 if depth == 8 else np.uint16)
    rows = np.frombuffer(memoryview(plane), dtype).reshape(-1, plane.line_size // dtype.itemsize)
    return rows[: plane.height, : plane.width]


def _is_gray(format: VideoFormat) -> bool:
    return format.name.startswith("gray") or format.name.startswith("ya")


def _gray_name(depth: int, alpha: bool) -> str:
    if alpha:
        return "ya8" if depth == 8 else "ya16le"
    return "gray" + _suffix(depth)


def _to_full_scale(plane: np.ndarray, depth: int) -> np.ndarray:
    if depth in (8, 16):
        return plane.copy()
    return np.rint(plane * np.float32(65535 / ((1 << depth) - 1))).astype(np.uint16)


class ColourReader:
    """Reads (rgb, alpha) from decoded pictures of one stream; not for two threads at once."""

    def __init__(self, color: ColorSpec, height: int) -> None:
        self._color = color
        self._matrix = matrix_of(color, height)
        self._scaler = VideoReformatter()

    def __call__(self, frame: av.VideoFrame) -> tuple[np.ndarray, np.ndarray | None]:
        """A decoded picture -> rgb (H, W, 3) and alpha (H, W) or None; uint8, or uint16 beyond 8 bits."""
        depth, alpha = pixel_depth(frame.format), has_alpha(frame.format)
        if _is_gray(frame.format):
            planes = self._planes(frame, _gray_name(depth, alpha), depth)
            return self._gray(planes, depth, alpha)
        if frame.format.is_rgb or frame.format.has_palette:
            return self._packed(frame, depth, alpha)
        target = ("yuva444p" if alpha else "yuv444p") + _suffix(depth)
        planes = self._planes(frame, target, depth)
        scale = 255 if depth == 8 else 65535
        matrix = rgb_matrix(self._matrix, self._color.full_range, depth, scale)
        rgb = cv2.transform(cv2.merge(planes[:3]), matrix)
        return rgb, _to_full_scale(planes[3], depth) if alpha else None

    def _planes(self, frame: av.VideoFrame, target: str, depth: int) -> list[np.ndarray]:
        if frame.format.name != target:
            frame = self._scaler.reformat(frame, format=target, interpolation=SCALER, threads=1)
        if target.startswith("ya"):
            both = np.frombuffer(memoryview(frame.planes[0]), np.uint8 if depth == 8 else np.uint16)
            both = both.reshape(frame.height, -1, 2)[:, : frame.width]
            return [both[..., 0], both[..., 1]]
        return [_plane(frame, i, depth) for i in range(len(frame.planes))]

    def _gray(self, planes: list[np.ndarray], depth: int, alpha: bool) -> tuple[np.ndarray, np.ndarray | None]:
        peak, scale = (1 << depth) - 1, 255 if depth == 8 else 65535
        step = 1 << (depth - 8)
        low, span = (0, peak) if self._color.full_range else (16 * step, 219 * step)
        table = np.rint(np.clip((np.arange(peak + 1) - low) / span, 0, 1) * scale)
        luma = table.astype(np.uint8 if depth == 8 else np.uint16)[np.minimum(planes[0], peak)]
        return cv2.merge([luma] * 3), _to_full_scale(planes[1], depth) if alpha else None

    def _packed(self, frame: av.VideoFrame, depth: int, alpha: bool) -> tuple[np.ndarray, np.ndarray | None]:
        if frame.format.name.startswith("gbr") and depth in (10, 12) and not alpha:
            green, blue, red = (_plane(frame, i, depth) for i in range(3))  # swscale would not reach full white
            return _to_full_scale(cv2.merge([red, green, blue]), depth), None
        target = ("rgba" if alpha else "rgb24") if depth == 8 else ("rgba64le" if alpha else "rgb48le")
        pixels = self._scaler.reformat(frame, format=target, interpolation=SCALER, threads=1).to_ndarray()
        if not alpha:
            return pixels, None
        return np.ascontiguousarray(pixels[..., :3]), np.ascontiguousarray(pixels[..., 3])


class ColourWriter:
    """Makes pictures in an encoder's pixel format; not for two threads at once."""

    def __init__(self, pix_fmt: str, color: ColorSpec, height: int) -> None:
        self.format = VideoFormat(pix_fmt, 2, 2)
        self._color = color
        self._matrix = matrix_of(color, height)
        self._depth = pixel_depth(self.format)
        self._scaler = VideoReformatter()

    def from_source(self, frame: av.VideoFrame) -> av.VideoFrame:
        """A decoded Y'CbCr (or RGB) picture in the encoder's format, without a trip through RGB."""
        if frame.format.name == self.format.name:
            return frame
        return self._scaler.reformat(frame, format=self.format.name, interpolation=SCALER, threads=1)

    def from_rgb(self, rgb: np.ndarray, alpha: np.ndarray | None = None) -> av.VideoFrame:
        """rgb (H, W, 3) and alpha (H, W), uint8 or uint16 -> a picture in the encoder's format."""
        rgb = np.ascontiguousarray(rgb)
        with_alpha = has_alpha(self.format)
        if self.format.is_rgb or self.format.has_palette:
            return self._finish(_packed_frame(rgb, alpha if with_alpha else None))
        if _is_gray(self.format) and not with_alpha:
            return self._yuv(rgb, None, "gray")
        return self._yuv(rgb, _opaque(rgb) if with_alpha and alpha is None else alpha if with_alpha else None, "yuv")

    def _yuv(self, rgb: np.ndarray, alpha: np.ndarray | None, family: str) -> av.VideoFrame:
        depth = self._depth
        rgb = _widen(rgb) if depth > 8 else rgb
        scale = 255 if rgb.dtype == np.uint8 else 65535
        matrix = yuv_matrix(self._matrix, self._color.full_range, depth, scale)
        if family == "gray":
            codes, name = [cv2.transform(rgb, matrix[:1])], "gray" + _suffix(depth)
        else:
            codes = list(cv2.split(cv2.transform(rgb, matrix)))
            name = ("yuv444p" if alpha is None else "yuva444p") + _suffix(depth)
        if alpha is not None:
            peak = ((1 << depth) - 1) / (255 if alpha.dtype == np.uint8 else 65535)
            codes.append(np.rint(alpha * peak))
        frame = av.VideoFrame(rgb.shape[1], rgb.shape[0], name)
        for i, code in enumerate(codes):
            _plane(frame, i, depth)[:] = np.minimum(code, (1 << depth) - 1)
        frame.color_range = 2 if self._color.full_range else 1
        return self._finish(frame)

    def _finish(self, frame: av.VideoFrame) -> av.VideoFrame:
        if frame.format.name == self.format.name:
            return frame
        return self._scaler.reformat(frame, format=self.format.name, interpolation=SCALER, threads=1)


def _opaque(rgb: np.ndarray) -> np.ndarray:
    return np.full(rgb.shape[:2], np.iinfo(rgb.dtype).max, rgb.dtype)


def _widen(rgb: np.ndarray) -> np.ndarray:
    return rgb if rgb.dtype == np.uint16 else rgb.astype(np.uint16) * 257


def _packed_frame(rgb: np.ndarray, alpha: np.ndarray | None) -> av.VideoFrame:
    wide = rgb.dtype == np.uint16
    if alpha is None:
        return av.VideoFrame.from_ndarray(rgb, format="rgb48le" if wide else "rgb24")
    return av.VideoFrame.from_ndarray(np.dstack([rgb, alpha]), format="rgba64le" if wide else "rgba")
