"""What becomes of a request whose words its author changed after it was begun or answered."""

from collections import OrderedDict
from datetime import datetime, timedelta

from bot.actions import INSTEAD
from bot.adapter import Edited
from bot.translation import put
from memory.records import STATUS, Action, Chat, Delivery, Message, Post, now
from memory.sentences import say
from memory.store import Store

SOON = timedelta(minutes=2)
"""How lately something must have been changed to be heard although it was no request before."""
_KNOWN = 1000
LATELY = timedelta(minutes=30)
"""The age up to which changing a request means that it shall be done differently."""
PRESS = STATUS - 1
"""The number of the piece that stands for the press of the button under an offer."""

_RUNNING = say(
    "You changed your message. I am at its old words; the new ones can take their place."
)
_INSTEAD, _ANEW = say("Do that instead"), say("Do the new words")
_ANSWERED = say("You changed your message after I had answered it.")


async def offered(event: Edited, store: Store, *, running: bool) -> Delivery | None:
    """Store the new words beside the old ones, and a reply with a button that has them done.

    None when nothing is to be sent: it is long ago, or there is such a button already. That one
    then stands for the newest words.
    """
    old, words = await store.message(event.message.id), event.message.text
    if now() - old.at > LATELY:
        return None
    if not await store.is_request(old.id):  # nobody pressed the button under the last offer yet
        await store.reword(old.id, words, old.text)
        return None
    language = event.message.language
    new = Message(old.chat, old.author, words, old.assets, old.reply_to, language=language)
    await store.add(new)
    await store.posted(new.id, Post(0, event.post))
    text, label = (_RUNNING, _INSTEAD) if running else (_ANSWERED, _ANEW)
    words = put(text, language)
    said = Message(old.chat, None, words, reply_to=new.id, language=language)
    return await store.close_turn(said, (Action(INSTEAD, put(label, language)),))


class Fresh:
    """Tells whether an edit makes a request of what was none: our name came in, or a typo went.

    Platforms tell of an edit also when somebody reacts, or a link got a preview.
    """

    def __init__(self) -> None:
        self._words: OrderedDict[tuple[Chat, str], str] = OrderedDict()

    def heard(self, chat: Chat, post: str, words: str) -> None:
        """Note what was heard, whether or not it is stored."""
        self._words[chat, post] = words
        while len(self._words) > _KNOWN:
            self._words.popitem(last=False)

    def edited(self, chat: Chat, post: str, words: str, at: datetime | None) -> bool:
        """Tell whether what nobody stored says something new, since just now."""
        return (
            at is not None
            and now() - at < SOON
            and bool(words.strip())
            and self._words.get((chat, post)) != words
        )
