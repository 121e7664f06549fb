"""The commands that take what is kept out of Atelier, or erase it: export and forget."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import SettingsError
from memory.errors import AtelierError
from memory.folder import DataFolder
from memory.records import Chat, User

if TYPE_CHECKING:
    from bot.settings import Settings


def export(settings: "Settings", file: Path, chat: str, user: str) -> int:
    """Write a zip of all that is kept, or of one chat or person; works while Atelier runs."""
    from memory.export import export as write

    where, who = (_pair(chat) if chat else None), (_pair(user) if user else None)
    counts = write(DataFolder(settings.data), file, where and Chat(*where), who and User(*who))
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    sys.stdout.write(f"{file}: {told or 'nothing was kept'}.\n")
    return 0


def forget(settings: "Settings", chat: str, user: str, *, sure: bool) -> int:
    """Erase a chat, a person everywhere, or a person in a chat; Atelier must not run meanwhile."""
    if not (chat or user):
        raise SettingsError("Say what to forget: --chat PLATFORM:ID, --user PLATFORM:ID, or both.")
    where, who = (_pair(chat) if chat else None), (_pair(user) if user else None)
    what = " of ".join(
        filter(None, (user and f"all {user} said and made", chat and f"chat {chat}"))
    )
    if not (sure or _confirmed(f"Erase {what} for good?")):
        sys.stdout.write("Nothing was erased.\n")
        return 1
    files = asyncio.run(_erase(settings, where and Chat(*where), who and User(*who)))
    sys.stdout.write(f"Erased: {what}, and {files} files.\n")
    return 0


async def _erase(settings: "Settings", chat: Chat | None, user: User | None) -> int:
    from memory.assets import Assets
    from memory.database import Database
    from memory.store import Store

    with DataFolder.claim(settings.data) as folder:
        async with Database(folder.database) as database:
            store, gone = Store(database), set[str]()
            chats = [chat] if chat else await store.leave(user) if user else []
            for one in chats:
                gone |= set(await store.forget(one, user))
            await Assets(folder.assets).erase(gone)
            return len(gone)


def _pair(text: str) -> tuple[str, str]:
    platform, _, id = text.partition(":")
    if not platform or not id:
        raise AtelierError(f"Chats and people are PLATFORM:ID such as discord:123, not {text!r}.")
    return platform, id


def _confirmed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise AtelierError(f"{question} Say --yes to do it.")
    sys.stdout.write(f"{question} Type yes: ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().casefold() == "yes"
