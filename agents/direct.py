"""Requests answered by rules alone, without the language framework: it would only add its time."""

from collections.abc import AsyncIterator, Iterator, Sequence

from agents.events import Said
from agents.models.beyond import beyond
from agents.models.talk import talk
from agents.past import extract
from agents.scene import Scene
from agents.turns import Answer, answer, perform, refused
from agents.understanding.understand import understand
from agents.understanding.wishes import Hints, Wish
from agents.work import Work
from memory.errors import AtelierError
from memory.records import Message
from memory.sentences import joined, say

HELP = joined(
    "\n",
    (
        say("Tell me what you would like, in your own words:"),
        say(
            "• pictures: “draw four smiling cats”, “draw a rocket, wide”, "
            "“a house --ar 16:9 --seed 7”"
        ),
        say(
            "• changes: “the second one, but darker”, “rotate it left”, “variations of the third”, "
            "“upscale 2”"
        ),
        say("• words: “write a slogan for our jazz night”, “five ideas for a bakery name”"),
        say("• voice: “read aloud: good morning team”; send a sound file and I write it down"),
        say("• memory: “what did we say about the deadline?”, “again”, “same but 16:9”, “undo”"),
        say("Send a picture along to change or describe it. Commands: /help lists them."),
    ),
)

_WORDS = {"help": HELP, "cancel": say("Nothing is running here that could be cancelled.")}


class Direct:
    """Answers like `Assistant` with the rules model, in a fraction of a millisecond."""

    async def answer(self, work: Work, history: Sequence[Message], hints: Hints) -> Answer:
        """Think a request through and do what it asks; tells `work` what happens meanwhile.

        Expected failures become the answer; a bug is raised.
        """
        text = work.scene.message.text
        calls, said = decided(text, hints)
        if calls:
            return await perform(work, calls)
        if said:
            work.tell(Said(said))
            return answer(work, said)
        try:
            async for piece in chat(text, work):
                work.tell(Said(piece))
                said += piece
        except AtelierError as error:
            return refused(work, error)
        return answer(work, said)

    async def summarise(self, before: str, messages: Sequence[Message]) -> str:
        """Return notes on what was said: who asked for what, and what came of it."""
        return extract(before, messages)


def decided(text: str, hints: Hints) -> tuple[list[Wish], str]:
    """Return the calls a request asks for, or the sentence that answers it; neither: it is talk."""
    wishes = understand(text, hints)
    calls = [w for w in wishes if w.tool not in ("chat", *_WORDS)]
    words = next((_WORDS[w.tool] for w in wishes if w.tool in _WORDS), "")
    return (calls, "") if calls else ([], words or beyond(text))


async def chat(text: str, work: Work) -> AsyncIterator[str]:
    """Yield what the text model says to somebody who asks for nothing, piece by piece."""
    said = [*_exchanges(work.scene), ("user", text)]
    context = work.context
    async for piece in talk(said, context.runner, context.catalogue, context.asker):
        yield piece


def _exchanges(scene: Scene) -> Iterator[tuple[str, str]]:
    """Yield what was only talk with this person, request and answer.

    A small model copies whatever else it sees, and takes what others said as this person's.
    """
    made = {step.turn for step in scene.steps}
    asker = scene.message.author
    requests = {m.id: m.text for m in scene.past if m.author is not None and m.author == asker}
    for message in scene.past:
        asked = requests.get(message.reply_to, "")
        if message.author is None and asked and message.reply_to not in made:
            yield "user", asked
            yield "assistant", message.text
