"""What is registered with Discord, said in the languages of people's apps, too."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from bot.adapters.discord import slash
from bot.offered import about
from bot.render import shortened
from bot.translation import languages, put, source, translation
from memory.sentences import say

_LOCALES = {"es": ("es-ES", "es-419"), "pt": ("pt-BR",), "zh": ("zh-CN",)}
"""Discord's names of languages that it does not call as we do."""
_NAME, _DESCRIPTION = 32, 100
_MENU = 3


def fingerprint(personal: bool) -> str:
    """Return what is another one when there is something else to register (blocks for reading)."""
    told = json.dumps(slash.described(personal), sort_keys=True).encode()
    return hashlib.sha256(told + b"".join(map(source, languages()[1:]))).hexdigest()


def described(personal: bool) -> list[dict[str, Any]]:
    """Return everything that is registered with Discord (blocks: it reads every language)."""
    found, known = slash.described(personal), slash.commands()
    for command in found:
        if command["type"] == _MENU:
            command["name_localizations"] = _said(command["name"], _NAME)
            continue
        words = about(known[command["name"]].verb)
        command["description_localizations"] = _said(words, _DESCRIPTION)
        for option in command["options"]:
            option["description_localizations"] = _said(option["description"], _DESCRIPTION)
            for choice in option.get("choices", ()):
                choice["name_localizations"] = _said(choice["name"], _DESCRIPTION)
    return found


def _said(words: str, most: int) -> dict[str, str]:
    return {place: shortened(text, most) for place, text in _everywhere(words)}


def _everywhere(words: str) -> Iterator[tuple[str, str]]:
    for language in languages()[1:]:
        if words in translation(language).sentences:
            text = put(say(words), language)
            for place in _LOCALES.get(language, (language,)):
                yield place, text[:1].upper() + text[1:]
