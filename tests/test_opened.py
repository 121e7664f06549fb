"""What the settings come to in a running Atelier, before any model is needed."""

import asyncio
import socket
import urllib.request
from pathlib import Path

import pytest

from bot.adapter import Received
from bot.app import opened
from bot.control import ask, socket_path
from bot.errors import SettingsError
from bot.settings import Metrics, Settings
from bot.sharing import ComputeSettings, RoleSettings
from memory.database import Database
from memory.folder import DataFolder
from memory.records import Message
from memory.store import Store
from tests.rooms import ANA, CHAT, FakeOutbox
from tools.compute.costs import Costs, Shape
from tools.errors import ToolError


@pytest.fixture
def settings(tmp_path: Path, models_dir: Path) -> Settings:
    return Settings(data=tmp_path, models=models_dir)


def free_port() -> int:
    with socket.socket() as wire:
        wire.bind(("127.0.0.1", 0))
        return int(wire.getsockname()[1])


async def test_a_budget_is_kept_by_what_the_last_run_has_learnt(settings: Settings) -> None:
    roles = {"default": RoleSettings(budget=30.0)}
    costs = Costs()
    costs.learn("starter", Shape("picture", 512 * 512, 40), 1, 50.0)
    with DataFolder.claim(settings.data) as folder:
        async with Database(folder.database) as database:
            await Store(database).keep("costs", costs.dump())
    outbox = FakeOutbox()
    async with opened(settings.model_copy(update={"roles": roles}), interval=0) as app:
        await app.handle(Received(Message(CHAT, ANA, "draw a cat")), outbox)
        await app.handle(Received(Message(CHAT, ANA, "/queue")), outbox)
        snapshot = await asyncio.to_thread(ask, settings.data)
    (reply,) = outbox.replies
    assert "about 50 seconds of computing, more than the 30 seconds you have" in reply.message.text
    assert outbox.notices[0].endswith(
        "Of today's 30 seconds of computing you have 30 seconds left."
    )
    assert [w.refused for w in snapshot.status.work] == [1]
    assert not socket_path(settings.data).exists()


async def test_metrics_are_served_where_the_setting_says(settings: Settings) -> None:
    port = free_port()
    served = settings.model_copy(update={"metrics": Metrics(port=port)})

    def read() -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            return bytes(answer.read())

    async with opened(served):
        assert b"atelier_queue_jobs" in await asyncio.to_thread(read)
        other = served.model_copy(update={"data": settings.data / "other"})
        with pytest.raises(SettingsError, match=f"port {port}"):
            async with opened(other):
                pass


async def test_a_device_that_is_not_there_is_a_sentence_at_the_start(settings: Settings) -> None:
    missing = settings.model_copy(update={"compute": ComputeSettings(device="mps")})
    with pytest.raises(ToolError, match="no Apple GPU here"):
        async with opened(missing):
            pass
