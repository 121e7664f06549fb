"""OpenAI-compatible servers as workers: a real pool, real HTTP, real pictures and sounds."""

import asyncio
import io
import pickle
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bot.adapter import Received
from bot.app import opened as opened_app
from bot.settings import Settings
from memory.records import Message
from tests.fakes import image, model, picture
from tests.model_server import BREAK_OFF, Failure, ModelServer, serving, wav
from tests.rooms import ANA, CHAT, FakeOutbox
from tools.catalogue import Catalogue, Model, Source
from tools.compute.client import Server
from tools.compute.devices import Machine, WorkerPlan, able, plan
from tools.compute.pool import Pool
from tools.compute.servers import connected, plans
from tools.errors import EngineFailed, ModelUnavailable, Refused
from tools.jobs import Artifact, HearingSpec, Job, Note, PictureSpec, Spec, SpeechSpec, TextSpec
from tools.sound import VOICE_TYPE, decode

LIMIT = 10.0
KEY = "sesame-7f"


def served(name: str, *tasks: Any, **more: Any) -> Model:
    source = Source(server="house", name=more.pop("known", ""))
    return model(name, *tasks, family="server", source=source, **more)


MODELS = (
    served("painter", "draw", "vary", "inpaint", "edit", known="org/painter", steps=9),
    served("writer", "write"),
    served("voice", "speak", voices=("vivian",), options={"language": "English"}),
    served("ear", "transcribe"),
    model("elsewhere", family="server", source=Source(server="nowhere")),
)


class House:
    """A pool whose only workers are a server's lanes."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.notes: list[Note] = []
        self.heard = asyncio.Event()

    def _hear(self, note: Note) -> None:
        self.notes.append(note)
        if note.preview:
            self.heard.set()

    async def run(self, name: str, *specs: Spec, user: str = "ann") -> list[Artifact]:
        job = Job(name, specs, user)
        return await asyncio.wait_for(self.pool.run(job, self._hear), LIMIT)

    def start(self, name: str, *specs: Spec, user: str = "ann") -> "asyncio.Task[list[Artifact]]":
        return asyncio.create_task(self.run(name, *specs, user=user))


Open = Callable[..., Any]


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Open]:
    async with AsyncExitStack() as stack:

        async def enter(url: str, at_once: int = 2, silence: float = LIMIT) -> House:
            servers = [Server("house", url, KEY, at_once)]
            connect = await stack.enter_async_context(connected(servers, silence, pause=0.0))
            known = Catalogue({m.name: m for m in MODELS}, {"starter": {"draw": "painter"}})
            pool = Pool(known, tmp_path, plans(servers), connect={"server": connect})
            return House(await stack.enter_async_context(pool))

        yield enter


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with serving(key=KEY) as running:
        yield running


@pytest.fixture
async def house(opened: Open, server: ModelServer) -> House:
    found = await opened(server.url)
    assert isinstance(found, House)
    return found


def drawing(seed: int = 1, **more: Any) -> PictureSpec:
    return PictureSpec("a cat", seed, 64, 48, 9, 2.0, **more)


def text(words: str = "a story", **more: Any) -> TextSpec:
    return TextSpec((("system", "Be short."), ("user", words)), 50, seed=3, **more)


async def entered(server: ModelServer, count: int) -> None:
    """Return when so many more requests have come in."""
    for _ in range(count):
        await asyncio.wait_for(server.entered.get(), LIMIT)


async def test_pictures_are_drawn_each_with_its_seed(house: House, server: ModelServer) -> None:
    made = await house.run("painter", drawing(5, negative="dogs"), drawing(6))
    for seed, artifact in zip((5, 6), made, strict=True):
        assert artifact.media_type == "image/png"
        assert (image(artifact.data).convert("RGB").tobytes()) == (
            image(picture(seed, 64, 48)).convert("RGB").tobytes()
        )
        facts = {"width": 64, "height": 48, "seed": seed, "steps": 9, "guidance": 2.0}
        assert facts.items() <= artifact.facts.items()
    call = next(c for c in server.calls if c.fields["seed"] == 5)
    assert call.path == "/v1/images/generations"
    assert call.fields == {
        "model": "org/painter",
        "prompt": "a cat",
        "n": 1,
        "size": "64x48",
        "response_format": "b64_json",
        "seed": 5,
        "num_inference_steps": 9,
        "guidance_scale": 2.0,
        "negative_prompt": "dogs",
    }
    assert [(n.done, n.total) for n in house.notes if n.phase == "running"][-1] == (2, 2)


async def test_a_part_is_repainted_and_the_rest_is_kept(house: House, server: ModelServer) -> None:
    before = np.full((48, 64, 3), (200, 40, 40), np.uint8)
    where = np.zeros((48, 64), np.uint8)
    where[:, 32:] = 255
    spec = drawing(
        7, task="inpaint", image=png(before), mask=png(where), strength=0.8, negative="dogs"
    )
    (made,) = await house.run("painter", spec)
    pixels = np.asarray(image(made.data).convert("RGB"))
    assert (pixels[:, :28] == (200, 40, 40)).all()
    assert (pixels[0, 40:] == 255).all()  # what the server drew
    (call,) = server.calls
    assert call.path == "/v1/images/edits"
    assert call.fields["strength"] == "0.8"
    assert call.fields["size"] == "64x48"
    hole = np.asarray(image(call.files["mask"]))[..., 3]  # transparent is to be repainted
    white = np.asarray(image(call.files["mask_image"]))
    assert (hole[:, :28] == 255).all()
    assert (hole[:, 36:] == 0).all()
    assert (white == 255 - hole).all()
    assert (np.asarray(image(call.files["image"])) == before).all()


async def test_a_picture_is_edited_by_words(house: House, server: ModelServer) -> None:
    spec = drawing(8, task="edit", image=picture(1, 100, 50))
    (made,) = await house.run("painter", spec)
    assert image(made.data).size == (64, 48)
    (call,) = server.calls
    assert image(call.files["image"]).size == (100, 50)  # a reference keeps its shape
    assert set(call.files) == {"image"}
    assert "strength" not in call.fields


async def test_a_text_is_seen_while_it_is_written(house: House, server: ModelServer) -> None:
    server.gate.clear()
    task = house.start("writer", text())
    await asyncio.wait_for(house.heard.wait(), LIMIT)
    note = house.notes[-1]
    assert (note.phase, note.done, note.total, note.preview) == ("running", 1, 50, b"Once")
    server.gate.set()
    (made,) = await task
    assert made == Artifact(b"Once upon a time.", "text/plain", {"tokens": 7, "finished": True})
    assert (house.notes[-1].done, house.notes[-1].preview) == (50, made.data)
    (call,) = server.calls
    assert call.fields == {
        "model": "writer",
        "messages": [
            {"role": "system", "content": "Be short."},
            {"role": "user", "content": "a story"},
        ],
        "max_tokens": 50,
        "temperature": 0.7,
        "top_p": 0.9,
        "seed": 3,
        "repetition_penalty": 1.1,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


@pytest.mark.parametrize(
    ("settings", "made", "finished"),
    [
        ({"pieces": ("<think>", "hm ", "</think>\n", "Yes.")}, b"Yes.", True),
        ({"pieces": ("<think>", "hm ")}, b"", True),
        ({"reason": "length"}, b"Once upon a time.", False),
        ({"streams": False}, b"Once upon a time.", True),
    ],
)
async def test_texts_of_all_kinds(
    opened: Open, settings: dict[str, Any], made: bytes, finished: bool
) -> None:
    async with serving(**settings) as server:
        house = await opened(server.url)
        (artifact,) = await house.run("writer", text())
    assert (artifact.data, artifact.facts["finished"]) == (made, finished)
    assert not any(b"think" in (note.preview or b"") for note in house.notes)


async def test_a_begun_answer_is_continued(house: House, server: ModelServer) -> None:
    await house.run("writer", TextSpec((("user", "hi"), ("assistant", "Well,"))))
    fields = server.calls[0].fields
    assert (fields["add_generation_prompt"], fields["continue_final_message"]) == (False, True)


async def test_words_are_spoken_as_a_voice_note(house: House, server: ModelServer) -> None:
    (made,) = await house.run("voice", SpeechSpec("good morning", speed=1.5))
    assert made.media_type == VOICE_TYPE
    assert made.facts["seconds"] == pytest.approx(0.5, abs=0.01)
    assert made.facts["voice"] == "vivian"
    assert isinstance(made.facts["waveform"], bytes)
    assert decode(made.data).size == pytest.approx(8000, abs=400)
    (call,) = server.calls
    assert call.path == "/v1/audio/speech"
    assert call.fields == {
        "model": "voice",
        "input": "good morning",
        "response_format": "wav",
        "voice": "vivian",
        "speed": 1.5,
        "language": "English",
    }


async def test_a_sound_is_written_down(house: House, server: ModelServer) -> None:
    (made,) = await house.run("ear", HearingSpec(wav(1.0), "en"))
    assert made.data == b"Good morning team."
    assert made.facts == {"seconds": pytest.approx(1.0, abs=0.01), "language": "en"}
    (call,) = server.calls
    assert call.path == "/v1/audio/transcriptions"
    assert call.fields == {"model": "ear", "response_format": "json", "language": "en"}
    assert decode(call.files["file"]).size == pytest.approx(16_000, abs=800)
    with pytest.raises(Refused, match="no sound that can be read"):
        await house.run("ear", HearingSpec(b"no sound"))


async def test_as_many_requests_run_at_once_as_the_server_takes(
    opened: Open, server: ModelServer
) -> None:
    house = await opened(server.url, at_once=3)
    server.gate.clear()
    tasks = [house.start("painter", drawing(n), user=f"user{n}") for n in range(5)]
    await entered(server, 3)
    assert [job.status for job in house.pool.queue()] == ["running"] * 3 + ["queued"] * 2
    server.gate.set()
    assert all(await asyncio.gather(*tasks))
    assert (server.most, len(server.calls)) == (3, 5)


async def test_a_job_alone_has_the_whole_server_and_shares_it_when_others_come(
    opened: Open, server: ModelServer
) -> None:
    house = await opened(server.url, at_once=4)
    server.gate.clear()
    many = house.start("painter", *(drawing(n) for n in range(12)))
    await entered(server, 4)
    running = asyncio.Event()
    report = lambda note: running.set() if note.phase == "running" else None  # noqa: E731
    one = asyncio.create_task(house.pool.run(Job("painter", (drawing(99),), "bob"), report))
    await asyncio.wait_for(running.wait(), LIMIT)
    server.gate.set()
    assert await asyncio.wait_for(one, LIMIT)
    assert len(await many) == 12
    order = [call.fields["seed"] for call in server.calls]
    assert server.most == 4
    assert order.index(99) == 4, "it went before what the other still had to ask for"


async def test_identical_requests_are_made_once(house: House, server: ModelServer) -> None:
    server.gate.clear()
    tasks = [house.start("painter", drawing(4), user=user) for user in ("ann", "bob")]
    await entered(server, 1)
    server.gate.set()
    ann, bob = await asyncio.gather(*tasks)
    assert ann == bob
    assert len(server.calls) == 1


async def test_a_cancelled_request_is_broken_off(house: House, server: ModelServer) -> None:
    server.gate.clear()
    for name, spec in (("painter", drawing()), ("writer", text())):
        server.left.clear()
        task = house.start(name, spec)
        await entered(server, 1)
        task.cancel()
        await asyncio.wait([task])
        await asyncio.wait_for(server.left.wait(), LIMIT)
    server.gate.set()
    assert await house.run("painter", drawing(), drawing(2), drawing(3))


async def test_closing_breaks_off_what_is_asked(tmp_path: Path, server: ModelServer) -> None:
    server.gate.clear()
    servers = [Server("house", server.url, KEY)]
    known = Catalogue({m.name: m for m in MODELS}, {"starter": {}})
    async with connected(servers) as connect:
        async with Pool(known, tmp_path, plans(servers), connect={"server": connect}) as pool:
            task = House(pool).start("painter", drawing())
            await entered(server, 1)
        await asyncio.wait_for(server.left.wait(), LIMIT)
    await asyncio.wait([task])
    assert task.cancelled()


OF_HOUSE = {
    "401": (Failure(401), ModelUnavailable, "another key; the operator must set servers.house.key"),
    "403": (Failure(403), ModelUnavailable, "another key"),
    "404": (Failure(404), ModelUnavailable, "has no painter for this"),
    "other": (
        Failure(400, '{"detail": "Model mismatch: request specifies \'a\'"}'),
        ModelUnavailable,
        "has no painter",
    ),
    "400": (
        Failure(400, f'{{"error": "bad {KEY}"}}'),
        EngineFailed,
        "does not take such a request",
    ),
    "413": (Failure(413), Refused, "too large"),
    "moderated": (
        Failure(400, '{"error": {"code": "moderation_blocked"}}'),
        Refused,
        "refuses to do that",
    ),
    "long": (Failure(400, '{"message": "maximum context length is 8"}'), Refused, "too long"),
    "patient": (Failure(429, "", "3600"), EngineFailed, "too much to do"),
    "moved": (Failure(307), EngineFailed, r"failed \(HTTP 307\)"),
    "no json": (Failure(200, "<html>"), EngineFailed, "something that is no answer"),
    "no list": (Failure(200, "[]"), EngineFailed, "something that is no answer"),
    "no data": (Failure(200, '{"data": []}'), EngineFailed, "something that is no answer"),
    "no base64": (
        Failure(200, '{"data": [{"b64_json": "A"}]}'),
        EngineFailed,
        "something that is no answer",
    ),
    "no picture": (
        Failure(200, '{"data": [{"b64_json": "AAAA"}]}'),
        EngineFailed,
        "no picture that can be read",
    ),
}


@pytest.mark.parametrize(("failure", "kind", "sentence"), OF_HOUSE.values(), ids=OF_HOUSE)
async def test_each_failure_is_one_sentence_without_the_key(
    house: House,
    server: ModelServer,
    caplog: pytest.LogCaptureFixture,
    failure: Failure,
    kind: type[Exception],
    sentence: str,
) -> None:
    caplog.set_level("DEBUG")
    server.failures.append(failure)
    with pytest.raises(kind, match=sentence) as raised:
        await house.run("painter", drawing())
    assert type(raised.value) is kind
    assert str(raised.value).count("\n") == 0
    assert KEY not in str(raised.value) + caplog.text
    assert len(server.calls) == 1
    assert await house.run("painter", drawing()), "the lane lives"


@pytest.mark.parametrize(
    "failures",
    [
        [Failure(429, "", "0"), Failure(429)],
        [Failure(503, "", "0")],
        [Failure(500)],
        [Failure(BREAK_OFF)],
    ],
)
@pytest.mark.parametrize(("name", "spec"), [("painter", drawing()), ("writer", text())])
async def test_what_may_pass_is_tried_again(
    house: House, server: ModelServer, failures: list[Failure], name: str, spec: Spec
) -> None:
    server.failures += failures
    assert await house.run(name, spec)
    assert len(server.calls) == len(failures) + 1


@pytest.mark.parametrize(
    ("failure", "calls", "sentence"),
    [
        (Failure(500), 2, r"failed \(HTTP 500\)"),
        (Failure(429, "", "0"), 3, "too much to do"),
        (Failure(BREAK_OFF), 2, "broke off in the middle"),
    ],
)
async def test_patience_ends(
    house: House, server: ModelServer, failure: Failure, calls: int, sentence: str
) -> None:
    server.failures += [failure] * calls
    with pytest.raises(EngineFailed, match=sentence):
        await house.run("writer", text())
    assert len(server.calls) == calls


async def test_an_error_in_the_middle_of_a_text_is_not_its_end(opened: Open) -> None:
    async with serving(reason=None) as server:
        house = await opened(server.url)
        with pytest.raises(EngineFailed, match="broke off"):
            await house.run("writer", text())


async def test_a_text_may_be_refused_when_it_is_half_written(opened: Open) -> None:
    async with serving(reason="content_filter") as server:
        house = await opened(server.url)
        with pytest.raises(Refused, match="refuses to write that"):
            await house.run("writer", text())


async def test_what_a_server_does_not_know_is_left_out_from_then_on(
    house: House, server: ModelServer
) -> None:
    server.failures += [
        Failure(400, "Unrecognized request argument supplied: repetition_penalty"),
        Failure(400, '{"error": {"message": "Unknown parameter: \'seed\'.", "param": "seed"}}'),
    ]
    await house.run("writer", text())
    await house.run("writer", text("another"))
    *_, third, last = server.calls
    assert len(server.calls) == 4
    for call in (third, last):
        assert {"repetition_penalty", "seed"}.isdisjoint(call.fields)
        assert "top_p" in call.fields


async def test_requests_side_by_side_learn_the_same(house: House, server: ModelServer) -> None:
    server.failures += [Failure(422, "Unexpected fields: seed")] * 2
    assert len(await house.run("writer", text(), text("another"))) == 2
    assert ["seed" in call.fields for call in server.calls] == [True, True, False, False]


async def test_a_wish_the_server_cannot_heed_is_told(house: House, server: ModelServer) -> None:
    server.failures.append(Failure(422, '{"detail": "negative_prompt: not permitted"}'))
    (made,) = await house.run("painter", drawing(negative="dogs"))
    assert made.facts["ignored"] == ["negative"]


async def test_a_server_that_is_down_fails_jobs_until_it_is_up_again(opened: Open) -> None:
    async with serving() as server:
        house = await opened(server.url)
        assert await house.run("painter", drawing())
    with pytest.raises(EngineFailed, match="house does not answer; the operator must start it"):
        await house.run("painter", drawing(2))
    async with serving(port=int(server.url.split(":")[2].split("/")[0])):
        assert await house.run("painter", drawing(2))


async def test_a_silent_server_is_given_up(opened: Open, server: ModelServer) -> None:
    house = await opened(server.url, silence=0.2)
    server.gate.clear()
    with pytest.raises(EngineFailed, match="took too long"):
        await house.run("painter", drawing())
    await asyncio.wait_for(server.left.wait(), LIMIT)


async def test_a_model_of_another_server_is_told_at_once(house: House) -> None:
    with pytest.raises(ModelUnavailable, match="needs the server nowhere, which is not in"):
        await house.run("elsewhere", drawing())


async def test_nothing_is_asked_to_prepare_a_model(house: House, server: ModelServer) -> None:
    await asyncio.wait_for(house.pool.prepare("draw"), LIMIT)
    assert not server.calls


def test_models_go_to_the_lanes_of_their_server_and_no_others() -> None:
    ours = plans([Server("house", "http://h/v1", KEY, 2), Server("other", "http://o/v1", KEY)])
    every = (*plan(Machine(2, 4000)), *ours)
    assert able(MODELS[0], every) == {"house-1", "house-2"}
    assert able(model(), every) == {"pictures"}
    assert able(model(device="cpu", family="rare"), every) == {"pictures"}
    assert KEY.encode() not in pickle.dumps(ours)
    assert KEY not in repr(Server("house", "http://h/v1", KEY))
    assert isinstance(ours[0], WorkerPlan)


CATALOGUE = """
[models.flux]
family = "server"
tasks = ["draw"]
source = { server = "gpu1", name = "org/flux" }
licence = "Apache-2.0"
width = 64
height = 64

[models.chatty]
family = "server"
tasks = ["write"]
source = { server = "gpu1" }
licence = "Apache-2.0"

[profiles.mine]
draw = "flux"
write = "chatty"
"""


async def test_a_whole_turn_is_painted_and_written_by_a_server(
    tmp_path: Path, server: ModelServer
) -> None:
    (tmp_path / "models.toml").write_text(CATALOGUE)
    settings = Settings.model_validate(
        {
            "data": tmp_path / "data",
            "models": tmp_path / "models",
            "catalogue": tmp_path / "models.toml",
            "profile": "mine",
            "servers": {"gpu1": {"url": server.url, "key": KEY}},
        }
    )
    outbox = FakeOutbox()
    async with opened_app(settings, interval=0) as app:
        words = "draw 2 red apples --seed 7 and write a slogan for them"
        await asyncio.wait_for(app.handle(Received(Message(CHAT, ANA, words)), outbox), LIMIT)
        reply = outbox.replies[-1]
        assert [step.status for step in reply.steps] == ["done", "done"]
        drawn = reply.steps[0]
        assert drawn.result is not None
        assert (drawn.args["seed"], drawn.args["revision"]) == (7, "org/flux on gpu1")
        for seed, asset in zip((7, 8), reply.message.assets, strict=True):
            with Image.open(app.studio.assets.path(asset)) as found:
                assert found.convert("RGB").tobytes() == (
                    image(picture(seed, 64, 64)).convert("RGB").tobytes()
                )
                assert "Model: flux" in found.info["parameters"]
    assert "Once upon a time." in reply.message.text
    assert {call.fields["model"] for call in server.calls} == {"org/flux", "chatty"}


def png(pixels: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
