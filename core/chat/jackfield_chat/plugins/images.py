"""Pictures of plugins: what a page may be given to decode.

A picture of some kilobytes can unfold to gigabytes in the browser of everyone who looks, so its size in pixels is read
from its header, and an SVG holds nothing that multiplies.
"""

import base64
import struct
from collections.abc import Callable, Mapping

from jackfield_chat.plugins.vectors import check_svg

LARGEST_IMAGE_BYTES = 256 * 1024
MOST_PIXELS = 16 * 1024 * 1024  # 64 MiB when decoded


def image_source(data: bytes, media_type: str) -> str:
    """Return a picture as a `data:` address.

    In an <img>, an SVG runs no script and fetches nothing.

    Raises:
        ValueError: it is too large, of another kind than it says, or would unfold in the browser.
    """
    if len(data) > LARGEST_IMAGE_BYTES:
        raise ValueError(f"an image of {len(data)} bytes; at most {LARGEST_IMAGE_BYTES} are shown")
    size = _SIZES.get(media_type)
    pixels = size(data) if size is not None else None
    if pixels is None:
        raise ValueError(f"the bytes of an image are not of {media_type[:100]}")
    width, height = pixels
    if width * height > MOST_PIXELS:
        raise ValueError(f"an image of {width:,} x {height:,} pixels; at most {MOST_PIXELS:,} are shown")
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def _png(data: bytes) -> tuple[int, int] | None:
    """PNG 3rd edition, 11.2.1: IHDR comes first."""
    if len(data) < 24 or not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def _gif(data: bytes) -> tuple[int, int] | None:
    """GIF89a, 18: the logical screen."""
    if len(data) < 10 or not data.startswith((b"GIF87a", b"GIF89a")):
        return None
    width, height = struct.unpack("<HH", data[6:10])
    return width, height


def _jpeg(data: bytes) -> tuple[int, int] | None:
    """ITU T.81, B.2.2: the frame header, SOFn, after any other segments."""
    place = 2
    if not data.startswith(b"\xff\xd8"):
        return None
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            return width, height
        (length,) = struct.unpack(">H", data[place + 2 : place + 4])
        place += 1 if marker == 0xFF else 2 + max(2, length)
    return None


def _webp(data: bytes) -> tuple[int, int] | None:
    """RFC 9649, 2.5 to 2.7: lossy, lossless or extended."""
    if len(data) < 30 or data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return None
    match data[12:16]:
        case b"VP8 ":
            width, height = struct.unpack("<HH", data[26:30])
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            (bits,) = struct.unpack("<I", data[21:25])
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    return None


def _svg(data: bytes) -> tuple[int, int] | None:
    if b"<svg" not in data[:4096] or b"\0" in data:
        return None  # with zero bytes it is UTF-16
    check_svg(data)
    return 0, 0  # drawn as large as the page wants it


_SIZES: Mapping[str, Callable[[bytes], tuple[int, int] | None]] = {
    "image/png": _png,
    "image/gif": _gif,
    "image/jpeg": _jpeg,
    "image/webp": _webp,
    "image/svg+xml": _svg,
}
