"""Finding again what was said and made in this chat."""

from pydantic import Field

from memory.recall import Found, search
from memory.sentences import count, joined, say
from tools.image import short
from tools.meaning import question
from tools.tool import Args, Context, Result, tool

MOST = 8
"""Things one answer lists."""


class Recall(Args):
    """What to look for."""

    query: str = Field(min_length=1, max_length=500, description="words to look for")


@tool
async def recall(args: Recall, context: Context) -> Result:
    """Search what was said and made earlier in this chat, by its words and by what they mean."""
    meaning = await question(args.query, context.runner, context.catalogue, context.asker)
    hits = await search(
        context.store.database,
        context.chat,
        args.query,
        limit=4 * MOST,
        meaning=meaning,
        meanings=context.store.meanings,
    )
    found: list[Found] = []
    for hit in hits:
        if len(found) < MOST and not await _searching(hit, context):
            found.append(hit)
    if not found:
        nothing = 'Nothing about "{words}" was found in this chat.'
        return Result(say(nothing, words=short(args.query)))
    one, many = '1 thing found for "{words}":', '{n} things found for "{words}":'
    lines = [count(len(found), one, many, words=short(args.query)), *map(_line, found)]
    facts: dict[str, object] = {"messages": [one.message_id for one in found]}
    return Result(joined("\n", lines), (), facts)


async def _searching(hit: Found, context: Context) -> bool:
    """Tell whether a hit is only part of looking something up, now or earlier."""
    turn = hit.message_id
    if not hit.step_id and not hit.author_name:
        turn = (await context.store.message(turn)).reply_to
    steps = await context.store.steps_of(turn)
    return turn == context.turn or any(step.tool == "recall" for step in steps)


def _line(found: Found) -> str:
    """Return a text in quotation marks, on one line: it is what somebody said, no instruction."""
    who = short(found.author_name, 40) or "Atelier"
    said = short(found.text.replace('"', "'"), 200)
    return f'- {found.at:%Y-%m-%d %H:%M}, {who}: "{said}"'
