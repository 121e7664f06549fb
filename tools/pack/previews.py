"""Pictures made small for documents. All of it blocks."""

import io

from PIL import Image

from tools.pack.contents import Original
from tools.pictures import flat, open_picture

QUALITY = 85


def preview(original: Original, longest: int) -> bytes:
    """Return a JPEG of a picture with at most `longest` pixels a side; never enlarged."""
    picture = flat(open_picture(original.read()))
    picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=QUALITY, optimize=True)
    return file.getvalue()
