"""Pictures that earlier wishes of the same message make: "draw two cats; the second darker"."""

from collections.abc import Mapping, Sequence

from agents.understanding.wishes import Hints, Wish

PICTURES = ("draw", "edit", "vary", "upscale")

USUAL = {"vary": 4}
"""How many pictures a tool makes that is not told a number, where that is more than one."""

_MANY = 99
"""Stands for as many as there are."""


def image(meant: str, wishes: Sequence[Wish], hints: Hints) -> str:
    """Return a picture's expression as seen from after these wishes of the message."""
    step = latest(wishes, PICTURES)
    if step and (made := _made(meant, step, wishes)):
        return made
    if meant in ("it", "reply"):
        return "reply" if hints.replied_images else "attached" if hints.attached_images else "last"
    if meant == "all" and hints.attached_images:
        return "attached"
    return meant


def latest(wishes: Sequence[Wish], tools: Sequence[str]) -> int:
    """Return the number of the last wish for one of these tools, 0 when there is none."""
    places = (k for k, wish in enumerate(wishes, 1) if wish.tool in tools)
    return max(places, default=0)


def compared(args: Mapping[str, object], wishes: Sequence[Wish]) -> dict[str, object]:
    """Return the two pictures that "draw two cats and compare them" is about, if there are two."""
    image = str(args.get("image", ""))
    if "other_image" in args or not image.startswith("step:"):
        return {}
    step = latest(wishes, PICTURES)
    before, draws = str(wishes[step - 1].args.get("image", "")), _draws(wishes)
    if image == f"step:{step}" and _many(step, wishes) == 2:
        return {"image": f"{image}:1", "other_image": f"{image}:2"}
    if before.startswith("step:"):
        return {"image": before, "other_image": image}
    if len(draws) == 2:
        return {"image": f"step:{draws[0]}", "other_image": f"step:{draws[1]}"}
    return {}


def _made(meant: str, step: int, wishes: Sequence[Wish]) -> str:
    """Return what is meant of what the message makes, "" when that is something older."""
    several = [k for k in range(step, 0, -1) if _many(k, wishes) > 1]
    if meant in ("it", "all", "reply"):
        return f"step:{step}"
    if meant in ("last", "-1"):
        many = _many(step, wishes)
        return f"step:{step}:{many}" if 1 < many < _MANY else f"step:{step}"
    if meant in ("other", "other:all"):
        return _others(several[0], wishes) if several else ""
    numbers = meant.split(",")
    if not all(n.isascii() and n.isdigit() for n in numbers):
        return ""
    return _counted(meant, max(map(int, numbers)), several, wishes)


def _counted(meant: str, most: int, several: Sequence[int], wishes: Sequence[Wish]) -> str:
    """Return pictures by their numbers: of the last set that has so many, of those in a row.

    Where a set was asked for that has fewer, nobody means an older one: that is refused later.
    """
    if several:
        return f"step:{next((k for k in several if _many(k, wishes) >= most), several[0])}:{meant}"
    draws = _draws(wishes)
    return f"step:{draws[most - 1]}" if meant.isdigit() and 0 < most <= len(draws) else ""


def _others(step: int, wishes: Sequence[Wish]) -> str:
    """Return what of a set no wish was about yet; "" when there is none or all of it."""
    begin = f"step:{step}:"
    meant = (str(wish.args.get("image", "")) for wish in wishes)
    used = {n for one in meant if one.startswith(begin) for n in one[len(begin) :].split(",")}
    every = [str(n) for n in range(1, _many(step, wishes) + 1)]
    rest = [n for n in every if n not in used] if len(every) < _MANY else []
    return begin + ",".join(rest) if rest and len(rest) < len(every) else ""


def _draws(wishes: Sequence[Wish]) -> list[int]:
    return [k for k, wish in enumerate(wishes, 1) if wish.tool == "draw"]


def _many(step: int, wishes: Sequence[Wish]) -> int:
    """Return how many pictures a wish makes: those of one, times how many it is about."""
    wish = wishes[step - 1]
    if wish.tool not in PICTURES:
        return 0
    number = wish.args.get("count", USUAL.get(wish.tool, 1))
    each = number if isinstance(number, int) else 1
    return min(_MANY, each * _about(str(wish.args.get("image", "")), wishes))


def _about(image: str, wishes: Sequence[Wish]) -> int:
    if image in ("all", "other:all"):
        return _MANY
    if image.startswith("step:"):
        _, step, *nth = image.split(":")
        return len(nth[0].split(",")) if nth else max(1, _many(int(step), wishes))
    return image.count(",") + 1 if image[:1].isdigit() else 1
