"""Markdown of chat models shown as it is meant, and people's words as they were written."""

import re
from pathlib import Path

import pytest

from bot.adapter import Reply
from bot.adapters.discord.parts import escaped
from bot.adapters.telegram.markup import shown
from bot.adapters.telegram.pieces import layout
from bot.passages import Passage, passages
from memory.records import Action, Chat, Kind, Message, Step, User
from tests.discord_bot import talking
from tests.discord_server import serving as discord
from tests.fakes import FakeRunner
from tests.telegram_bot import alone

CHAT, ANA = Chat("telegram", "1"), User("telegram", "1", "Ana")


def marked(source: str) -> dict[str, str]:
    """Return what of a text looks how, by the words."""
    words = shown([Passage(source, written=True)])
    raw = words.text.encode("utf-16-le")
    found: dict[str, str] = {"": words.text}
    for one in words.entities:
        said = raw[2 * one.offset : 2 * (one.offset + one.length)].decode("utf-16-le")
        found[said] = f"{found.get(said, '')} {one.type}".strip()
    return found


@pytest.mark.parametrize(
    ("source", "text", "looks"),
    [
        ("🌧 **big** rain", "🌧 big rain", {"big": "bold"}),
        ("***both*** and _it_", "both and it", {"both": "bold italic", "it": "italic"}),
        ("*so* it is", "so it is", {"so": "italic"}),
        ("**a *b* c**", "a b c", {"a b c": "bold", "b": "italic"}),
        ("中文**粗体**文字", "中文粗体文字", {"粗体": "bold"}),
        ("## Plan ##\n* one\n+ two\n- three", "Plan\n• one\n• two\n- three", {"Plan": "bold"}),
        ("use `a*b*c` ~~not~~", "use a*b*c not", {"a*b*c": "code", "not": "strikethrough"}),
        ("so:\n```py\nx = **k\n```\nend", "so:\nx = **k\nend", {"x = **k": "pre"}),
        (r"\*as it is\*", "*as it is*", {}),
        ("[site](https://a.b/c_d)", "site (https://a.b/c_d)", {}),
    ],
)  # fmt: skip
def test_what_is_markdown(source: str, text: str, looks: dict[str, str]) -> None:
    assert marked(source) == {"": text} | looks


@pytest.mark.parametrize(
    "source",
    [
        "2 * 3 * 4 and 5*3*2",
        "snake_case_name and __init__.py",
        "**never closed and `neither",
        "```\nno end",
        "[me](tg://user?id=1) <b>x</b> <a href='tg://user?id=1'>y</a>",
        "#1a2b and #tag",
    ],
)
def test_what_does_not_parse_goes_out_as_it_is(source: str) -> None:
    assert marked(source) == {"": source}


def reply(text: str, *steps: Step, kind: Kind = "reply", room: bool = False) -> Reply:
    buttons = (Action("project:next brief", "Find ideas"),) if room else ()
    return Reply(kind, Message(CHAT, None, text), buttons, steps)


def step(tool: str, result: str) -> Step:
    return Step(tool, {}, ANA, CHAT, "turn", "done", result)


def test_only_what_a_model_wrote_is_markdown() -> None:
    drew, wrote = step("draw", "A picture of **_x_**."), step("write", "A **text**.")
    said = reply(f"Sure, *here*.\n\n{drew.result}\n\n{wrote.result}", drew, wrote)
    assert [(p.text.strip(), p.written) for p in passages(said)] == [
        ("Sure, *here*.", True),
        ("A picture of **_x_**.", False),
        ("A **text**.", True),
    ]
    for other in (reply("**x**", kind="question"), reply("**x**", room=True)):
        assert passages(other) == [Passage("**x**", written=False)]


def test_long_texts_keep_their_looks_where_they_are_cut() -> None:
    text = " ".join(f"**w🐈{n}** _and_" for n in range(600))
    made = layout(reply(text))
    parts = [(made.text, made.looks), *((p.text, p.looks) for p in made.pieces)]
    assert len(parts) > 1
    for said, looks in parts:
        raw = said.encode("utf-16-le")
        assert len(raw) // 2 <= 4096
        assert 90 < len(looks) <= 100
        words = [raw[2 * e.offset : 2 * (e.offset + e.length)].decode("utf-16-le") for e in looks]
        assert all(re.fullmatch(r"w🐈\d+|and", word) for word in words)
    assert " ".join(said for said, _ in parts) == re.sub(r"[*_]", "", text)


def test_peoples_words_are_escaped_on_discord() -> None:
    said = "**Ana** _x_ a_b ~~c~~ ||d|| `e` <@1> <t:1> [f](https://g_.h) https://i/_j_"
    assert escaped(said) == (
        r"\*\*Ana\*\* \_x\_ a_b \~~c\~~ \||d\|| \`e\` \<@1> \<t:1> \[f](https://g_.h)"
        " https://i/_j_"
    )
    assert escaped("# k\n> l #1 - m\n- n") == "\\# k\n\\> l #1 - m\n- n"


async def test_on_telegram_a_text_looks_as_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "**Rain** 🌧 falls:\n\n* `drip`\n* drop"
    async with alone(tmp_path, FakeRunner(text, text)) as bot:
        ana = bot.server.person("Ana")
        ana.says("write a poem about rain")
        post = await bot.answer(ana)
        assert post.text == "Rain 🌧 falls:\n\n• drip\n• drop"
        assert [(e["type"], e["offset"]) for e in post.entities] == [("bold", 0), ("code", 18)]
        await bot.settled()
        ana.says('draw "**cat**"')
        drawn = await bot.answer(ana, 1)
        assert "**cat**" in drawn.text
        assert not drawn.entities
        await bot.settled()
        monkeypatch.setattr("tests.telegram_rules.STYLES", ())  # Telegram wants none of them
        ana.says("write a poem about snow")
        plain = await bot.answer(ana, 2)
        assert (plain.text, plain.entities) == (post.text, [])
        await bot.settled()
        assert bot.server.violations.pop().endswith("unsupported type specified")
        stored = await bot.room.studio.store.history(Chat("telegram", str(ana.id)))
        assert stored[-1].text == text


async def test_on_discord_a_text_is_markdown_and_a_caption_is_not(tmp_path: Path) -> None:
    async with (
        discord(require_nonce=True) as server,
        talking(server, tmp_path, FakeRunner("**Rain** falls.")) as bot,
    ):
        ana = server.person("Ana")
        assert (await bot.reply(ana.mentions("write a poem"))).content == "**Rain** falls."
        drawn = await bot.reply(ana.mentions('draw "**cat**"'))
        assert r"\*\*cat\*\*" in drawn.content
        assert server.violations == []
