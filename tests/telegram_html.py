"""Telegram's HTML: what it accepts, what it makes of it, and how it words its refusals."""

import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any

TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline",
    "ins": "underline", "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough",
    "tg-spoiler": "spoiler", "span": "spoiler", "a": "text_link", "code": "code", "pre": "pre",
    "blockquote": "blockquote", "tg-emoji": "custom_emoji", "tg-time": "date_time",
}  # fmt: skip
REFERENCE = re.compile(r"&(#x[0-9a-fA-F]+|#[0-9]+|lt|gt|amp|quot);?")
ATTRIBUTE = re.compile(r"\s*([^\s=>/\"']+)\s*(?:=\s*(?:\"([^\"]*)\"|'([^']*)'|([\w.-]+)))?")


class BadEntities(ValueError):
    """The text cannot be parsed; the message is what Telegram says after "can't parse entities"."""


def units(text: str) -> int:
    """Return the length as Telegram counts offsets: in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


@dataclass
class _Parser:
    source: str
    text: str = ""
    open: list[tuple[str, str, int]] = field(default_factory=list)  # tag, argument, offset
    entities: list[dict[str, Any]] = field(default_factory=list)

    def run(self) -> None:
        position = 0
        for found in re.finditer(r"<(/?)([^\s>]*)([^>]*)(>?)", self.source):
            self.text += _plain(self.source[position : found.start()])
            offset = len(self.source[: found.start()].encode())
            (self._close if found[1] else self._begin)(found, offset)
            position = found.end()
        self.text += _plain(self.source[position:])
        if self.open:
            tag = self.open[-1][0]
            raise BadEntities(f'Can\'t find end tag corresponding to start tag "{tag}"')

    def _begin(self, found: re.Match[str], offset: int) -> None:
        tag = found[2].lower()
        if not found[4] and not found[3]:
            raise BadEntities(f"Unclosed start tag at byte offset {offset}")
        if tag not in TAGS:
            raise BadEntities(f'Unsupported start tag "{tag}" at byte offset {offset}')
        if not found[4]:
            raise BadEntities(f'Unclosed start tag "{tag}" at byte offset {offset}')
        values = {m[1]: unescape(m[2] or m[3] or m[4] or "") for m in ATTRIBUTE.finditer(found[3])}
        if tag == "span" and values.get("class") != "tg-spoiler":
            raise BadEntities(f'Tag "span" must have class "tg-spoiler" at byte offset {offset}')
        argument = values.get("href", values.get("emoji-id", values.get("class", "")))
        self.open.append((tag, argument, units(self.text)))

    def _close(self, found: re.Match[str], offset: int) -> None:
        if not self.open:
            raise BadEntities(f"Unexpected end tag at byte offset {offset}")
        if not found[4] or found[3].strip():
            raise BadEntities(f"Unclosed end tag at byte offset {offset}")
        tag, argument, begin = self.open.pop()
        name = found[2].lower()
        if name and name != tag:
            raise BadEntities(
                f'Unmatched end tag at byte offset {offset}, expected "</{tag}>", found "</{name}>"'
            )
        if length := units(self.text) - begin:
            kind: dict[str, Any] = {"type": TAGS[tag], "offset": begin, "length": length}
            if tag == "a":
                kind["url"] = argument
            self.entities.append(kind)


def _plain(text: str) -> str:
    return REFERENCE.sub(lambda m: unescape(m[0] if m[0].endswith(";") else m[0] + ";"), text)


def parsed(source: str) -> tuple[str, list[dict[str, Any]]]:
    """Return the text without tags, and its entities by where they begin; may raise BadEntities."""
    parser = _Parser(source)
    parser.run()
    return parser.text, sorted(parser.entities, key=lambda e: (e["offset"], -e["length"]))


COMMAND = re.compile(r"(?<!\S)/\w{1,64}(?:@\w{3,})?|(?<![\w@])@\w{3,}")


def noticed(text: str) -> list[dict[str, Any]]:
    """Return the commands and mentions Telegram finds in what people write."""
    return [
        {
            "type": "mention" if found[0].startswith("@") else "bot_command",
            "offset": units(text[: found.start()]),
            "length": units(found[0]),
        }
        for found in COMMAND.finditer(text)
    ]
