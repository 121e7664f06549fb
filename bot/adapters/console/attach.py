"""Files named in a line of words: `look at @cat.png`, `@"my cat.png"`, `@~/cat.png`."""

import re
from pathlib import Path

_PATH = re.compile(r"""(?:(?<=\s)|^)@(?:"([^"]+)"|'([^']+)'|((?:\\.|[^\s\\])+))""")
_ENDINGS = {
    *(".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"),
    *(".ogg", ".oga", ".opus", ".mp3", ".wav", ".m4a", ".flac", ".webm", ".mp4"),
}


def split(line: str) -> tuple[str, tuple[str, ...]]:
    """Return the words of a line and the paths in it.

    What only looks like a path, such as the @ of a name, stays a word.
    """
    paths: list[str] = []

    def take(match: re.Match[str]) -> str:
        path, rest = _path(match)
        if path is None:
            return match[0]
        paths.append(path)
        return rest

    words = _PATH.sub(take, line)
    return (" ".join(words.split()) if paths else line), tuple(paths)


def _path(match: re.Match[str]) -> tuple[str | None, str]:
    """Return the path that was meant, if any, and the punctuation behind it."""
    quoted = match[1] or match[2]
    if quoted:
        return _home(quoted), ""
    bare = re.sub(r"\\(.)", r"\1", match[3])
    for path in (bare, bare.rstrip(".,;:!?)")):
        if path and Path(_home(path)).is_file():
            return _home(path), bare[len(path) :]
    meant = bare.startswith(("/", "./", "../", "~")) or Path(bare).suffix.lower() in _ENDINGS
    return (_home(bare) if meant else None), ""


def _home(path: str) -> str:
    try:
        return str(Path(path).expanduser())
    except RuntimeError:  # there is no such person
        return path
