"""Cutting an object out of its plain background, as a sticker is."""

from typing import TYPE_CHECKING

from PIL import Image, ImageFilter

from tools.errors import Refused

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

NEAR, FAR = 10, 60
"""Levels (of 256) from the background's colour: up to there it is background, from there object."""
PLAIN = 24
"""Levels by which a plain background may differ along the picture's edge."""


def cut_out(picture: Image.Image) -> Image.Image:
    """Return the picture as RGBA, its plain background transparent (blocks).

    Only what hangs together with the picture's edge is cut, so white eyes stay white; half-covered
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
    outside = _outside(away < FAR)
    # at its edge the object is as far from the background as it is a little further in
    reach = max(1, max(picture.size) // 85)
    far = np.maximum(_grown(away, reach), FAR)
    rim = _grown(outside * 255.0, reach) > 0
    alpha = np.where(rim, ((away - NEAR) / (far - NEAR)).clip(0, 1), 1)
    if alpha.mean() < 0.005:
        raise Refused("There is nothing on its background that could be cut out.")
    cover = alpha[..., None].clip(0.05, 1)
    colour = ((pixels - (1 - cover) * ground) / cover).clip(0, 255)
    rgba = np.concatenate([colour, alpha[..., None] * 255], -1)
    return Image.fromarray(rgba.round().astype(np.uint8))


def _grown(values: "npt.NDArray[np.float32]", reach: int) -> "npt.NDArray[np.float32]":
    """The largest value (0 to 255) within so many pixels."""
    import numpy as np

    image = Image.fromarray(values.astype(np.uint8))
    for _ in range(reach):
        image = image.filter(ImageFilter.MaxFilter(3))
    return np.asarray(image, np.float32)


def _outside(free: "npt.NDArray[np.bool_]") -> "npt.NDArray[np.bool_]":
    """Which free pixels hang together with the edge: filled line by line until nothing changes."""
    import numpy as np

    reached = np.zeros_like(free)
    for border in (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1]):
        reached[border] = free[border]
    before = -1
    while (count := int(reached.sum())) != before:
        before = count
        for view in (np.s_[:, :], np.s_[:, ::-1]):
            for turn in (False, True):
                here = (free.T if turn else free)[view]
                seen = (reached.T if turn else reached)[view]
                place = np.arange(here.shape[1])
                wall = np.maximum.accumulate(np.where(here, -1, place), axis=1)
                last = np.maximum.accumulate(np.where(seen, place, -1), axis=1)
                seen |= here & (last > wall)
    return reached
