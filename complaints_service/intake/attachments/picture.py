"""A program of its own that makes one received picture harmless: decode, turn upright, encode anew, and make a preview.

``python -I -m complaints_service.intake.attachments.picture SOURCE FORMAT MOST_PIXELS TARGET PREVIEW SIDE`` prints ``ok`` or one word of
what is wrong. Re-encoding keeps the pixels and nothing else: no position, no camera, no comment, no profile, no second file behind the
picture. It runs apart, with limits of memory and time, so that a bomb takes only itself down; it imports nothing but Pillow.
"""

from __future__ import annotations

import contextlib
import io
import os
import resource
import sys
import warnings
from typing import Any, cast

from PIL import Image, ImageCms, ImageOps

SECONDS = 20
MEMORY = 1_200 * 1024 * 1024
LARGEST_FILE = 200 * 1024 * 1024
PREVIEW_SIDE = 1_600
OK, TOO_MANY_PIXELS, UNREADABLE, DISK = "ok", "pixels", "unreadable", "disk"


def main(arguments: list[str]) -> int:
    """0 and ``ok`` when both files are written; else 1 and the problem."""
    source, kind, most_pixels, target, preview, side = arguments
    _limit()
    try:
        problem = clean(source, kind, int(most_pixels), target, preview, int(side))
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError, Warning) as error:
        # The disk's own errors carry a number, those of a broken picture do not.
        problem = DISK if isinstance(error, OSError) and error.errno else UNREADABLE
    print(problem or OK)
    return 1 if problem else 0


def clean(source: str, kind: str, most_pixels: int, target: str, preview: str, side: int = PREVIEW_SIDE) -> str:
    """Write the clean picture and its preview; returns what is wrong, or nothing. Raises what Pillow raises for a broken file."""
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = None  # ours is checked here, by the header, before a pixel is decoded
    with Image.open(source, formats=[kind]) as opened:
        if opened.width * opened.height > most_pixels or min(opened.size) < 1:
            return TOO_MANY_PIXELS
        opened.load()  # every byte of it: a picture that ends in the middle is refused
        picture = _in_srgb(ImageOps.exif_transpose(opened))
    if kind == "JPEG" and picture.mode not in ("L", "RGB"):
        picture = picture.convert("RGB")
    # Writers copy comments and profiles out of this; how a palette is transparent is part of the picture.
    picture.info = {name: value for name, value in picture.info.items() if name == "transparency"}
    if kind == "JPEG":
        picture.save(target, "JPEG", quality=90, optimize=True)
    elif kind == "WEBP":
        picture.save(target, "WEBP", quality=90, method=3)
    else:
        picture.save(target, "PNG")
    _preview(picture, preview, side)
    return ""


def _in_srgb(picture: Image.Image) -> Image.Image:
    """Colours as they were meant, without the profile that says so; a profile that cannot be read is passed over."""
    profile = picture.info.get("icc_profile")
    if not profile or picture.mode not in ("RGB", "RGBA", "CMYK", "L"):
        return picture
    with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError):
        mode = "RGBA" if picture.mode == "RGBA" else "RGB"
        plain: Any = cast("Any", ImageCms).createProfile("sRGB")
        turned = ImageCms.profileToProfile(
            picture, ImageCms.ImageCmsProfile(io.BytesIO(profile)), plain, outputMode=mode
        )
        return turned if turned is not None else picture
    return picture


def _preview(picture: Image.Image, path: str, side: int) -> None:
    see_through = "A" in picture.mode or "transparency" in picture.info
    if picture.mode.startswith("I"):
        picture = picture.convert("L")
    small = picture.convert("RGBA" if see_through else "RGB")
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    small.info = {}
    small.save(path, "WEBP", quality=75, method=3)


def _limit() -> None:
    os.nice(5)  # people who read and write pages go first
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, LARGEST_FILE),
        (resource.RLIMIT_CORE, 0),
    ):
        # A system that knows no such limit still has the parent's clock; a lower one that is set already stays.
        with contextlib.suppress(ValueError, OSError):
            _, hard = resource.getrlimit(what)
            least = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(what, (least, least))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
