"""What /memory does: it tells what is kept and liked, and changes what is liked."""

from agents.turns import Answer
from bot import notices
from bot.changing import Asked
from bot.liking import heard, taste
from bot.studio import Studio
from memory.records import Message
from memory.sentences import joined, say
from memory.store import Store
from memory.tastes import Taste, Tastes, person, room
from tools.errors import Refused

HOW = say(
    "Change it: /memory like watercolor, /memory never text, /memory forget 16:9, /memory off "
    "(forgets all of it). For everybody here an admin says /memory room on, /memory room like ..."
)
OFF = say("I do not learn what you like; /memory on begins, and /memory then shows what I noticed.")

_MINE = (
    say("From now on I notice what you like; /memory shows it, /memory off forgets it."),
    say("I forgot what you like and notice it no longer."),
)
_OURS = (
    say("From now on I notice what people here like; /memory shows it, /memory off forgets it."),
    say("I forgot what people here like and notice it no longer."),
)


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
    return await _changed(tastes, asked, owner, _OURS if shared else _MINE, words)


async def _changed(
    tastes: Tastes, asked: Asked, owner: str, told: tuple[str, str], words: str
) -> str:
    verb, _, rest = words.partition(" ")
    verb, rest = verb.casefold(), rest.strip()
    if verb == "on" and not rest:
        await tastes.learn(owner, asked.user, asked.chat)
        return told[0]
    if verb == "off" and not rest:
        await tastes.drop(owner)
        return told[1]
    if not rest or verb not in ("like", "never", "forget"):
        raise Refused("I do not understand that. {how}", how=HOW)
    named = taste(rest, verb != "never")
    if verb == "forget":
        gone = await tastes.forget(owner, rest) or await tastes.forget(owner, named.value)
        if gone:
            return say("Forgotten: {what}.", what=named.value)
        return say("I did not know of {what!r}.", what=rest[:40])
    if not await tastes.known([owner]):
        await tastes.learn(owner, asked.user, asked.chat)
    await tastes.say(owner, named, asked.user, asked.chat)
    return noted(named)


def noted(named: Taste) -> str:
    """Return the sentence that says that a liking is kept."""
    form = "Noted: {what}, where you do not say otherwise. /memory forget {value} undoes it."
    return say(form, what=_what(named), value=named.value)


def _what(one: Taste) -> str:
    return one.value if one.liked else say("no {what}", what=one.value)


async def _shown(studio: Studio, tastes: Tastes, asked: Asked) -> str:
    owners = (person(asked.user), room(asked.chat))
    known = await tastes.known(owners)
    lines = [await notices.memory_notice(studio, asked.chat, asked.user)]
    heads = (say("What you like:"), say("What people here like:"))
    for owner, head in zip(owners, heads, strict=True):
        if owner in known:
            found = list(map(_line, known[owner])) or [say("nothing that I noticed yet")]
            lines += [head, *(joined(" ", ["-", line]) for line in found)]
    return joined("\n", [*lines, HOW if known else OFF])


def _line(one: Taste) -> str:
    why = say("somebody said so")
    if one.of:
        form = "chosen in {chosen} of the last {of} pictures"
        why = say(form, chosen=one.chosen, of=one.of)
    return joined(": ", [_what(one), why])


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
