"""Cutting an object out of its plain background, as a sticker is."""

from typing import TYPE_CHECKING

from PIL import Image, ImageFilter, ImageStat

from tools.errors import Refused

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

NEAR, FAR = 14, 40
"""Levels (of 256) from its colour within which all is background, and that an edge spans."""
COARSE, GAP = 128, 3
"""What is outside is looked for at so many pixels; gaps up to twice so many are no way in."""
WHITE = 246
"""The least mean level of each colour along a white edge."""
PLAIN = 24
"""Levels by which a plain background may differ along the picture's edge."""


def cut_out(picture: Image.Image) -> Image.Image:
    """Return the picture as RGBA, its plain background transparent (blocks).

    Only what can be seen from the picture's edge is cut, so a snowman stays white; half-covered
    pixels get a soft edge without a rim of the old colour. Raises Refused when the edge has more
    than one colour, or when nothing would be left.
    """
    import numpy as np  # only then: it takes longer to load than all tools

    pixels = np.asarray(picture.convert("RGB"), np.float32)
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    low, ground, high = np.percentile(edge, (4, 50, 96), axis=0)
    if (high - low > PLAIN).any():
        raise Refused("Its background is not one plain colour, so nothing can be cut out of it.")
    away = np.abs(pixels - ground.astype(np.float32)).max(-1)
    reach = max(1, max(picture.size) // 85)
    outside = _outside(away < NEAR)
    # at its edge the object is as far from the background as it is a little further in
    far = np.maximum(_grown(away, reach), FAR)
    rim = _grown(outside * 255.0, reach) > 0
    soft = ((away - NEAR) / (far - NEAR)).clip(0, 1)
    alpha = np.where(outside, 0, np.where(rim & (away >= NEAR), soft, 1))
    if alpha.mean() < 0.005:
        raise Refused("There is nothing on its background that could be cut out.")
    cover = alpha[..., None].clip(0.05, 1)
    colour = ((pixels - (1 - cover) * ground) / cover).clip(0, 255)
    rgba = np.concatenate([colour, alpha[..., None] * 255], -1)
    return Image.fromarray(rgba.round().astype(np.uint8))


def cover_on_white(picture: Image.Image) -> Image.Image | None:
    """Return how much the object covers of each pixel (L), None unless it stands on white."""
    wide, high = picture.size
    edges = ((0, 0, wide, 1), (0, high - 1, wide, high), (0, 0, 1, high), (wide - 1, 0, wide, high))
    for box in edges:  # most pictures are told by this alone
        if min(ImageStat.Stat(picture.crop(box).convert("RGB")).mean) < WHITE:
            return None
    try:
        return cut_out(picture).getchannel("A")
    except Refused:
        return None


def _grown(values: "npt.NDArray[np.float32]", reach: int) -> "npt.NDArray[np.float32]":
    """The largest value (0 to 255) within so many pixels."""
    import numpy as np

    image = Image.fromarray(values.astype(np.uint8))
    for _ in range(reach):
        image = image.filter(ImageFilter.MaxFilter(3))
    return np.asarray(image, np.float32)


def _outside(free: "npt.NDArray[np.bool_]") -> "npt.NDArray[np.bool_]":
    """Which free pixels are seen from the edge, straight on or a little round a corner.

    Through narrow gaps nothing is seen: an object whose outline is broken stays whole.
    """
    import numpy as np

    high, wide = free.shape
    step = max(1, max(wide, high) // COARSE)
    coarse = np.asarray(Image.fromarray(free).convert("L").reduce(step)) > 250
    closed = _grown(~coarse * 255.0, GAP) > 0
    seen = np.zeros_like(coarse)
    for turned in (False, True):
        wall, view = (closed.T, seen.T) if turned else (closed, seen)
        for way in (np.s_[:, :], np.s_[:, ::-1]):
            view[way] |= ~np.logical_or.accumulate(wall[way], axis=1)
    for _ in range(3 * GAP):
        seen = (_grown(seen * 255.0, 1) > 0) & coarse
    large = Image.fromarray(_grown(seen * 255.0, 1).astype(np.uint8)).resize((wide, high))
    return (np.asarray(large) > 127) & free
