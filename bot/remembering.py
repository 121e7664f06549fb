"""What /memory does: it tells what is kept and liked, and changes what is liked."""

from agents.turns import Answer
from bot import notices
from bot.changing import Asked
from bot.liking import heard, taste
from bot.studio import Studio
from memory.records import Message
from memory.store import Store
from memory.tastes import Taste, Tastes, person, room
from tools.errors import Refused

HOW = (
    "Change it: /memory like watercolor, /memory never text, /memory forget 16:9, /memory off "
    "(forgets all of it). For everybody here an admin says /memory room on, /memory room like ..."
)
OFF = "I do not learn what you like; /memory on begins, and /memory then shows what I noticed."


async def memory_notice(studio: Studio, asked: Asked) -> str:
    """Do what /memory says and return what came of it; raises Refused with a sentence."""
    tastes, words = Tastes(studio.database), asked.words.strip()
    shared = words.casefold().partition(" ")[0] == "room"
    words = words[4:].strip() if shared else words
    if not words:
        return await _shown(studio, tastes, asked)
    if shared and not (asked.place.private or asked.place.admin):
        raise Refused("Only an admin can change what is liked in this chat; /memory is your own.")
    owner = room(asked.chat) if shared else person(asked.user)
    whose = "people here like" if shared else "you like"
    return await _changed(tastes, asked, owner, whose, words)


async def _changed(tastes: Tastes, asked: Asked, owner: str, whose: str, words: str) -> str:
    verb, _, rest = words.partition(" ")
    verb, rest = verb.casefold(), rest.strip()
    if verb == "on" and not rest:
        await tastes.learn(owner, asked.user, asked.chat)
        return f"From now on I notice what {whose}; /memory shows it, /memory off forgets it."
    if verb == "off" and not rest:
        await tastes.drop(owner)
        return f"I forgot what {whose} and notice it no longer."
    if not rest or verb not in ("like", "never", "forget"):
        raise Refused(f"I do not understand that. {HOW}")
    named = taste(rest, verb != "never")
    if verb == "forget":
        gone = await tastes.forget(owner, rest) or await tastes.forget(owner, named.value)
        return f"Forgotten: {named.value}." if gone else f"I did not know of {rest[:40]!r}."
    if not await tastes.known([owner]):
        await tastes.learn(owner, asked.user, asked.chat)
    await tastes.say(owner, named, asked.user, asked.chat)
    return noted(named)


def noted(named: Taste) -> str:
    """Return the sentence that says that a liking is kept."""
    what = named.value if named.liked else f"no {named.value}"
    return f"Noted: {what}, where you do not say otherwise. /memory forget {named.value} undoes it."


async def _shown(studio: Studio, tastes: Tastes, asked: Asked) -> str:
    owners = (person(asked.user), room(asked.chat))
    known = await tastes.known(owners)
    lines = [await notices.memory_notice(studio, asked.chat, asked.user)]
    for owner, whose in zip(owners, ("you", "people here"), strict=True):
        if owner in known:
            found = [_line(one) for one in known[owner]]
            lines += [f"What {whose} like:", *(found or ["- nothing that I noticed yet"])]
    return "\n".join([*lines, HOW if known else OFF])


def _line(one: Taste) -> str:
    what = one.value if one.liked else f"no {one.value}"
    why = f"chosen in {one.chosen} of the last {one.of} pictures" if one.of else "somebody said so"
    return f"- {what}: {why}"


async def said_to_like(store: Store, message: Message) -> Answer | None:
    """Keep the liking a message says, if its author is learnt from and it says nothing else."""
    named = heard(message.text)
    if named is None or message.author is None:
        return None
    tastes, owner = Tastes(store.database), person(message.author)
    if not await tastes.known([owner]):
        return None
    await tastes.say(owner, named, message.author, message.chat)
    return Answer("reply", noted(named))
