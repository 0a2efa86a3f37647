"""Files as people and others send them, made on the spot: nothing of anybody's is kept in the repository."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image, PngImagePlugin

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
PLACE = "Jalan Rahasia 7"


def jpeg(width: int = 320, height: int = 240, **more: Any) -> bytes:
    """A photo: a gradient, so that it is no flat colour."""
    return _saved(_picture(width, height), "JPEG", quality=85, **more)


def png(width: int = 320, height: int = 240, **more: Any) -> bytes:
    return _saved(_picture(width, height), "PNG", **more)


def webp(width: int = 320, height: int = 240, **more: Any) -> bytes:
    return _saved(_picture(width, height), "WEBP", **more)


def pdf(words: bytes = b"Surat keterangan") -> bytes:
    """A document of one empty page."""
    return (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\n% " + words + b"\n"
        b"trailer<</Root 1 0 R>>\n%%EOF\n"
    )


def photo_with_position() -> bytes:
    """A JPEG that tells where it was taken and by what, in EXIF, XMP and a comment, and that lies on its side."""
    exif = Image.Exif()
    exif[0x010F] = "Kamera Budi"
    exif[0x0112] = 6  # to be turned by 90 degrees
    position = exif.get_ifd(0x8825)
    position[1], position[2] = "S", (6.0, 12.0, 30.0)
    position[3], position[4] = "E", (106.0, 49.0, 12.0)
    return jpeg(exif=exif, comment=PLACE.encode(), xmp=f"<x:xmpmeta>{PLACE}</x:xmpmeta>".encode())


def png_with_words() -> bytes:
    words = PngImagePlugin.PngInfo()
    words.add_text("Location", PLACE)
    words.add_itxt("XML:com.adobe.xmp", PLACE)
    return png(pnginfo=words)


def pixel_bomb(side: int = 30_000) -> bytes:
    """A PNG of a few kilobytes, ``side`` in hundreds, that wants gigabytes when it is decoded."""
    packed = _packed_zeros(side * (1 + side // 8), side // 100)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def zip_bomb() -> bytes:
    """A small, honest picture with 30 MB of zeros packed into its text."""
    packed = _packed_zeros(30_000_000, 100)
    plain = png(8, 8)
    return plain[:33] + _chunk(b"zTXt", b"Comment\0\0" + packed) + plain[33:]


def polyglot() -> bytes:
    """A true JPEG in front, a page with script behind: some readers look at the one, some at the other."""
    return jpeg() + b"<html><script>alert(document.cookie)</script></html>PK\x03\x04"


def svg() -> bytes:
    return b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def _packed_zeros(count: int, pieces: int) -> bytes:
    """So many zeros as zlib packs them, from pieces of one size: one is packed, and repeated."""
    deflate = zlib.compressobj(9, wbits=-15)
    piece = deflate.compress(b"\0" * (count // pieces)) + deflate.flush(zlib.Z_FULL_FLUSH)
    adler = struct.pack(">HH", count % 65_521, 1)
    return b"\x78\xda" + piece * pieces + b"\x03\x00" + adler


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _picture(width: int, height: int) -> Image.Image:
    red = Image.linear_gradient("L").resize((width, height))
    return Image.merge("RGB", (red, red.rotate(180), red.transpose(Image.Transpose.FLIP_LEFT_RIGHT)))


def _saved(picture: Image.Image, kind: str, **more: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **more)
    return file.getvalue()
