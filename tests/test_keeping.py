"""What is tidied up while nobody waits: summaries, meanings, and what it does when it cannot."""

from pathlib import Path

import numpy as np
import pytest

from bot.keeping import Keeper, keeping
from memory.recall import search
from memory.records import Message
from memory.summaries import kept
from tests.fakes import FakeRunner, catalogue, model
from tests.rooms import ANA, BEN, CHAT, room
from tools.errors import EngineFailed
from tools.jobs import Artifact, Job, MeaningSpec, Report
from tools.meaning import question


class Encoder(FakeRunner):
    """Knows what foxes, boats and everything else mean."""

    async def run(self, job: Job, report: Report) -> list[Artifact]:
        if not job.specs or not isinstance(job.specs[0], MeaningSpec):
            return await super().run(job, report)
        if self.fails:
            raise self.fails
        random = np.random.default_rng(5)
        fox, boat, rest = random.normal(size=(3, 512))
        kinds = {"fox": fox, "animal": fox, "boat": boat, "ship": boat}
        vectors = np.stack(
            [
                next((v for word, v in kinds.items() if word in text), rest)
                for text in job.specs[0].texts
            ]
        )
        facts: dict[str, object] = {"signs": np.packbits(vectors > 0, axis=1).tobytes()}
        facts["width"] = 512
        return [Artifact(vectors.astype(np.float16).tobytes(), "", facts)]


ENCODER = model("encoder", "remember", family="meaning")


async def test_older_talk_is_summed_up_and_goes_with_what_it_came_from(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        store, keeper = here.studio.store, Keeper(here.studio)
        for n in range(80):
            request = Message(CHAT, BEN if n == 30 else ANA, f"draw a cat {n}")
            await store.add(request)
            await store.add(Message(CHAT, None, f"A picture of a cat {n}.", reply_to=request.id))
        keeper.spoke(CHAT)
        await keeper.catch_up()
        summary = await kept(store.database, CHAT)
        assert "Ben: “draw a cat 30” -> A picture of a cat 30." in summary.text
        assert "cat 79" not in summary.text
        keeper.spoke(CHAT)
        await keeper.catch_up()
        assert await kept(store.database, CHAT) == summary  # nothing new to sum up
        await store.forget(CHAT, BEN)
        assert (await kept(store.database, CHAT)).text == ""
        keeper.spoke(CHAT)
        await keeper.catch_up()
        assert "Ben" not in (await kept(store.database, CHAT)).text


async def test_what_is_erased_while_it_is_summed_up_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow:
        async def summarise(self, before: str, messages: object) -> str:
            await here.studio.store.forget(CHAT, BEN)
            return "Ben has a secret"

    monkeypatch.setattr("bot.studio._build", lambda chat, tools: Slow())
    async with room(tmp_path) as here:
        for n in range(120):
            await here.studio.store.add(Message(CHAT, BEN if n == 5 else ANA, f"draw a cat {n}"))
        keeper = Keeper(here.studio)
        keeper.spoke(CHAT)
        await keeper.catch_up()
        assert (await kept(here.studio.store.database, CHAT)).text == ""


async def test_messages_are_found_by_what_they_mean(tmp_path: Path) -> None:
    runner = Encoder()
    async with room(tmp_path, runner) as here:
        studio, keeper = here.studio, Keeper(here.studio, few=1)
        studio.catalogue = catalogue(model(), model("writer", "write"), ENCODER)
        for text in ("a red fox", "a sailing boat", "hello"):
            await studio.store.add(Message(CHAT, ANA, text))
        await keeper.catch_up()
        asked = await question("some animal", runner, studio.catalogue, "")
        assert asked is not None
        found = await search(
            studio.database, CHAT, "some animal", meaning=asked, meanings=studio.store.meanings
        )
        assert [one.text for one in found] == ["a red fox"]
        reply = await here.say("/recall ship")
        assert "a sailing boat" in reply.message.text


async def test_without_an_encoder_words_are_enough(tmp_path: Path) -> None:
    runner = Encoder(fails=EngineFailed("It broke."))
    async with room(tmp_path, runner) as here:
        here.studio.catalogue = catalogue(model(), ENCODER)
        await here.studio.store.add(Message(CHAT, ANA, "a sailing boat"))
        await Keeper(here.studio, few=1).catch_up()
        assert "a sailing boat" in (await here.say("/recall boat")).message.text
        here.studio.catalogue = catalogue()
        assert "a sailing boat" in (await here.say("/recall boat")).message.text


async def test_it_works_behind_the_desk_and_ends_with_it(tmp_path: Path) -> None:
    async with room(tmp_path, Encoder()) as here:
        here.studio.catalogue = catalogue(model(), model("writer", "write"), ENCODER)
        async with keeping(here.studio) as keeper:
            keeper.few = 1
            await here.say("hello")
            await here.say("draw a fox")
        assert here.studio.keeper is None
