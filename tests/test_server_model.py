"""A chat model on a server, over a real socket: what is sent, what comes back, what goes wrong."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from langsmith import run_trees
from langsmith.utils import get_env_var

from agents.errors import ModelDown
from agents.models.server import server_model
from bot.adapter import Received
from bot.settings import ChatModel
from memory.records import Message
from tests.chat_server import SHORT, Answer, Server, call, calls, serving, told, words
from tests.rooms import ANA, BEN, CHAT, Room, room

GREY_SECOND = {"image": "step:2", "instruction": "black and white"}


@asynccontextmanager
async def talking(root: Path, server: Server) -> AsyncIterator[Room]:
    async with room(root) as here:
        here.studio.chat = ChatModel(model="server", url=server.url, name="m")
        yield here


@pytest.mark.parametrize("streams", [True, False])
async def test_words_and_several_calls_in_one_answer(tmp_path: Path, streams: bool) -> None:
    both = calls(
        call("draw", {"prompt": "a cat", "count": 2}, "a"),
        call("speak", {"text": "meow"}, "b"),
        content="With pleasure!",
    )
    async with (
        serving(both, words("Anything else?"), streams=streams) as server,
        talking(tmp_path, server) as here,
    ):
        reply = await here.say("cats and a sound please")
    assert [(s.tool, s.status) for s in reply.steps] == [("draw", "done"), ("speak", "done")]
    assert reply.message.text.startswith("With pleasure!\n\nAnything else?\n\n2 pictures of a cat")
    assert len(reply.message.assets) == 3
    reports = told(server)
    assert {request["max_tokens"] for request in server.requests} == {4096}
    assert [r["status"] for r in reports] == ["done", "done"]
    assert reports[0]["assets"][1] == f"#{reply.message.assets[1].sha256[:8]}"
    assert str(tmp_path) not in json.dumps(server.requests)


async def test_calls_that_build_on_each_other_in_one_answer_and_in_rounds(tmp_path: Path) -> None:
    def third(request: Answer) -> Answer:
        report = json.loads(request["messages"][-1]["content"].splitlines()[0])
        return calls(call("edit", {"image": report["assets"][0], "instruction": "brighter"}, "c"))

    async with (
        serving(
            calls(
                call("draw", {"prompt": "a red cat", "count": 2}, "a"),
                call("edit", {"image": "step:1:2", "instruction": "darker"}, "b"),
            ),
            calls(call("upscale", {"image": "last"}, "a"), call("edit", GREY_SECOND, "b")),
            third,
            words("There."),
        ) as server,
        talking(tmp_path, server) as here,
    ):
        reply = await here.say("cats")
    assert reply.kind == "reply"
    drawn, darker, upscaled, grey, brighter = reply.steps
    assert darker.parents == (drawn.assets[1].sha256,)
    assert upscaled.parents == (darker.assets[0].sha256,)  # "last" is what was made just now
    assert grey.parents == (darker.assets[0].sha256,)  # no second call here: that of the turn
    assert brighter.parents == (grey.assets[0].sha256,)  # by the id that the report gave


async def test_wrong_calls_are_told_and_mended_without_bothering_the_person(tmp_path: Path) -> None:
    async with (
        serving(
            calls(call("draw", {"prompt": "a cat", "count": 99}, "a")),
            calls(call("paint", {"prompt": "a cat"}, "b")),
            calls(call("draw", '{"prompt": oops', "c")),
            calls(call("draw", "oops", "c2")),
            calls(call("draw", {"prompt": "a cat", "size": "big"}, "d")),
            calls(call("draw", {"prompt": "step:7"}, "e")),
            calls(call("draw", {"prompt": "a cat"}, "f")),
            words(""),
        ) as server,
        talking(tmp_path, server) as here,
    ):
        reply = await here.say("a cat please")
    assert [s.status for s in reply.steps] == ["failed"] * 6 + ["done"]
    assert reply.message.text.startswith("A picture of a cat")
    assert [t["result"] for t in told(server)[:6]] == [
        "count must be at most 10, not 99.",
        "There is no tool called 'paint'.",
        "prompt is missing.",
        "prompt is missing. arguments is not something this tool knows.",
        "size is not something this tool knows.",
        "There is no call 7 before this one for step:7.",
    ]


async def test_what_stays_wrong_is_told_to_the_person(tmp_path: Path) -> None:
    async with (
        serving(calls(call("draw", {"prompt": "", "count": 99})), words("")) as server,
        talking(tmp_path, server) as here,
    ):
        reply = await here.say("a cat please")
    assert reply.kind == "error"
    assert reply.message.text.startswith("I could not draw: ")


@pytest.mark.parametrize("id", [None, "", "same"])
async def test_calls_without_ids_of_their_own_are_kept_apart(
    tmp_path: Path, id: str | None
) -> None:
    both = calls(call("draw", {"prompt": "a cat"}, id), call("draw", {"prompt": "a dog"}, id))
    async with (
        serving(both, both, words("")) as server,
        talking(tmp_path, server) as here,
    ):
        reply = await here.say("pets")
    done = [("a cat", "done"), ("a dog", "done")]
    assert [(s.args["prompt"], s.status) for s in reply.steps] == done * 2
    asked = [c["id"] for m in server.requests[-1]["messages"] for c in m.get("tool_calls", ())]
    answered = [m["tool_call_id"] for m in server.requests[-1]["messages"] if m["role"] == "tool"]
    assert sorted(asked) == sorted(answered)
    assert len(set(answered)) == 4


async def test_a_model_that_never_stops_is_stopped(tmp_path: Path) -> None:
    async with (
        serving(calls(call("draw", {"prompt": "x"}))) as server,
        talking(tmp_path, server) as here,
    ):
        reply = await here.say("go on")
    assert len(server.requests) == 8
    assert reply.kind == "error"
    assert "round in circles" in reply.message.text
    assert [s.status for s in reply.steps] == ["done"] * 7


async def test_too_many_steps_are_refused_before_any_runs(tmp_path: Path) -> None:
    many = calls(*(call("recall", {"query": str(n)}, f"c{n}") for n in range(13)))
    async with serving(many) as server, talking(tmp_path, server) as here:
        reply = await here.say("everything")
    assert (reply.kind, reply.steps) == ("error", ())
    assert reply.message.text == "That is more than 12 steps at once; ask for less at a time."


async def test_again_and_undo_are_tools(tmp_path: Path) -> None:
    async with (
        serving(
            calls(call("draw", {"prompt": "a cat", "seed": 5})),
            words(""),
            calls(call("again", {"changes": {"aspect": "16:9", "prompt": "+ with a hat"}})),
            words(""),
            calls(call("undo", {})),
            words(""),
            calls(call("again", {"changes": {"colour": "red"}})),
            calls(call("again", {"changes": {"seed": 6}})),
            words(""),
        ) as server,
        talking(tmp_path, server) as here,
    ):
        await here.say("a cat")
        (step,) = (await here.say("again, wide, with a hat")).steps
        assert (step.tool, step.args["aspect"]) == ("draw", "16:9")
        assert step.args["prompt"] == "a cat with a hat"
        assert step.args["seed"] != 5
        (undo,) = (await here.say("take it back")).steps
        assert undo.args["steps"] == [step.id]
        wrong, step = (await here.say("again")).steps
        assert (wrong.tool, wrong.status) == ("again", "failed")
        assert (step.args["prompt"], step.args["seed"]) == ("a cat", 6)


async def test_an_unclear_reference_is_a_question_after_what_was_done(tmp_path: Path) -> None:
    async with (
        serving(
            calls(call("draw", {"prompt": "a cat", "count": 2})),
            calls(call("upscale", {"image": "last"})),
        ) as server,
        talking(tmp_path, server) as here,
    ):
        reply = await here.say("two large cats")
    assert reply.kind == "question"
    assert reply.message.text.startswith("2 pictures of a cat")
    assert reply.message.text.endswith("There are 2 pictures; which one?")
    assert len(reply.message.assets) == 2


async def test_what_is_sent(tmp_path: Path) -> None:
    async with (
        serving(words("Hello."), words("Hello again.")) as server,
        talking(tmp_path, server) as here,
    ):
        await here.say("hi there")
        await here.say("draw nothing, just talk", BEN)
        first, second = (request["messages"] for request in server.requests)
    assert first[0] == second[0]
    assert first[0]["role"] == "system"
    assert "step:1" in first[0]["content"]
    assert first[1:] == [{"role": "user", "content": "hi there"}]
    assert second[1:] == [
        {"role": "user", "content": "[Ana] hi there"},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "[Ben] draw nothing, just talk"},
    ]
    sent = json.dumps(server.requests)
    assert "Hints" not in sent
    assert "atelier_request" not in sent
    assert "Ana" not in json.dumps(server.requests[0])  # alone, nobody needs a name
    tools = {t["function"]["name"]: t["function"] for t in server.requests[0]["tools"]}
    assert list(tools)[:4] == ["draw", "edit", "vary", "upscale"]
    assert {"again", "undo"} < set(tools)
    image = tools["edit"]["parameters"]["properties"]["image"]["description"]
    assert "'last'" in image
    assert tools["draw"]["parameters"]["properties"]["count"]["maximum"] == 10
    assert [t["function"] for t in server.requests[1]["tools"]] == list(tools.values())


async def test_the_past_is_cut_to_what_a_small_model_can_read(tmp_path: Path) -> None:
    async with serving(words("ok")) as server, talking(tmp_path, server) as here:
        for n in range(15):
            await here.studio.store.add(Message(CHAT, BEN, f"{n} " + "x" * 5000))
        await here.say("hi")
    contents = [m["content"] for m in server.requests[0]["messages"][1:]]
    assert contents[-1] == "[Ana] hi"
    assert contents[-2].startswith("[Ben] 14 ")
    assert len(contents[0]) < 4000
    assert 8_000 < sum(map(len, contents)) < 13_000


async def test_words_arrive_while_they_are_written(tmp_path: Path) -> None:
    async with serving(words("one two three")) as server, talking(tmp_path, server) as here:
        await here.say("count")
        texts = [s.text for s in here.outbox.standings if s.phase == "writing"]
    assert texts == ["one ", "one two ", "one two three"]


JSON, SSE = "application/json", "text/event-stream"
CHUNK = b'data: {"choices": [{"index": 0, "delta": {"content": "a"}}]}\n\n'
CALL = (
    b'data: {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "id": "c", '
    b'"function": {"name": "draw", "arguments": "{"}}]}}]}\n\n'
)
FAILURES: list[tuple[int, str, bytes, str]] = [
    (500, "text/html", b"<h1>Traceback /srv/secret</h1>", "failed (HTTP 500)"),
    (503, "text/plain", b"", "failed (HTTP 503)"),
    (401, JSON, b'{"error": {"message": "bad key sk-secret"}}', "wants another key"),
    (403, JSON, b'{"error": {"message": "secret"}}', "set another as chat.key"),
    (404, JSON, b'{"error": {"message": "no model"}}', "check chat.url and chat.name"),
    (429, JSON, b'{"error": {"message": "slow down"}}', "too much to do"),
    (400, JSON, b'{"error": {"message": "bad", "code": "x"}}', "HTTP 400"),
    (400, JSON, b'{"error": {"message": "context_length_exceeded"}}', "make it shorter"),
    (200, SSE, b"data: {not json\n\n", "no chat answer"),
    (200, SSE, b'data: {"choices": 7}\n\n', "no chat answer"),
    (200, SSE, b'data: {"error": {"message": "secret"}}\n\n', "no chat answer"),
    (200, SSE, b"", "no chat answer"),
    (200, "text/html", b"<html>Welcome</html>", "no chat answer"),
    (200, SHORT, CALL, "broke off"),
    (200, SSE, CALL, "broke off"),
    (400, JSON, b'{"error": {"message": "m does not support tools"}}', "takes no tools"),
    (200, JSON, b'{"choices": [{"message": {"role": "assistant", "content": ""}}]}', "nothing to"),
]


@pytest.mark.parametrize(("status", "kind", "body", "sentence"), FAILURES)
async def test_after_every_failure_the_rules_answer_at_once(
    tmp_path: Path, status: int, kind: str, body: bytes, sentence: str
) -> None:
    answer = (status, kind, body)
    async with serving(answer) as server, talking(tmp_path, server) as here:
        begun = time.monotonic()
        reply = await here.say("draw a cat")
        assert time.monotonic() - begun < 8
        notice, _, rest = reply.message.text.partition("\n\n")
        assert sentence in notice
        assert notice.endswith("built-in rules.")
        assert notice.count(".") <= 4  # chat.url and chat.name have one each
        assert "\n" not in notice
        assert rest.startswith("A picture of a cat")
        assert [s.status for s in reply.steps] == ["done"]
        assert "secret" not in reply.message.text
        assert len(server.requests) <= 2 * 2  # of one that cannot stream it is asked again
        assert not await here.studio.store.open_turns("terminal")


async def test_what_was_said_before_the_server_broke_off_stays(tmp_path: Path) -> None:
    cut = (200, SHORT, CHUNK)
    async with serving(cut) as server, talking(tmp_path, server) as here:
        reply = await here.say("hello")
    assert reply.message.text == (
        "a\n\n(The chat server broke off in the middle of its answer; try again.)"
    )


async def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    async with serving(words("never")) as server:
        pass
    async with talking(tmp_path, server) as here:
        reply = await here.say("hello")
        again = await here.say("hello")
    assert reply.message.text == (
        "The chat server does not answer; start it, or set chat.model to rules. "
        "Until it works again I go by my built-in rules.\n\nA short text."
    )
    assert again.message.text == "A short text."  # told once


@pytest.mark.parametrize("frames", [b"", CALL])
async def test_a_server_that_hangs(frames: bytes) -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if frames:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + frames)
        await reader.read()  # until the client gives up
        writer.close()

    listening = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    model = server_model(f"http://127.0.0.1:{port}/v1", "m", seconds=0.2)
    async with listening:
        with pytest.raises(ModelDown, match="took too long"):
            _ = [chunk async for chunk in model.astream("hello")]


async def test_a_failure_after_something_was_made_keeps_it(tmp_path: Path) -> None:
    async with (
        serving(calls(call("draw", {"prompt": "a cat"})), (500, "text/plain", b"")) as server,
        talking(tmp_path, server) as here,
    ):
        reply = await here.say("a cat")
    assert reply.kind == "reply"
    assert len(reply.message.assets) == 1
    assert [s.status for s in reply.steps] == ["done"]  # not made again by the rules
    notice, _, rest = reply.message.text.partition("\n\n")
    assert "failed (HTTP 500)" in notice
    assert rest.startswith("A picture of a cat")


async def test_cancelling_hangs_up(tmp_path: Path) -> None:
    async with serving(words("never")) as server, talking(tmp_path, server) as here:
        server.hold = asyncio.Event()
        saying = asyncio.create_task(here.say("hello"))
        await asyncio.wait_for(server.entered.wait(), 20)
        await here.handle(Received(Message(CHAT, ANA, "/cancel")), here.outbox)
        reply = await asyncio.wait_for(saying, 20)
        server.hold.set()
    assert reply.message.text == "Cancelled."


async def test_nothing_is_told_to_anybody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(words("spy")) as spy, serving(words("Hello.")) as server:
        monkeypatch.setenv("LANGSMITH_TRACING", "true")
        for name in ("LANGSMITH", "LANGCHAIN"):
            monkeypatch.setenv(f"{name}_TRACING_V2", "true")
            monkeypatch.setenv(f"{name}_API_KEY", "secret")
            monkeypatch.setenv(f"{name}_ENDPOINT", spy.url)
        monkeypatch.setenv("OPENAI_BASE_URL", spy.url)
        monkeypatch.setenv("OPENAI_API_KEY", "secret")
        monkeypatch.setattr(run_trees, "_CLIENT", None)
        forget: Any = get_env_var  # its annotations hide the cache
        forget.cache_clear()
        try:
            async with talking(tmp_path, server) as here:
                assert (await here.say("hello")).message.text == "Hello."
            assert run_trees._CLIENT is None  # whoever would tell them was not even made
        finally:
            monkeypatch.undo()
            forget.cache_clear()
        assert not spy.headers
        assert len(server.headers) == 1
        assert "secret" not in server.headers[0]
