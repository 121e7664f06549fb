"""What people on Telegram see: progress, then the answer in its place, then what follows."""

from pathlib import Path

from tests.fakes import FakeRunner, picture
from tests.telegram_bot import Gate, alone


async def test_a_status_message_becomes_the_picture(tmp_path: Path) -> None:
    runner = Gate()
    async with alone(tmp_path, runner) as bot:
        ana = bot.server.person("Ana")
        asked = ana.says("draw a cat")
        (status,) = await bot.said(ana)
        assert status.reply_to is asked
        assert "typing" in bot.server.world.rooms[ana.id].doings
        runner.go.set()
        answer = await bot.answer(ana)
        assert answer is status
        assert (answer.kind, answer.reply_to) == ("photo", asked)
        assert {"Upscale", "Again", "Edit", "Files", "Info", "Delete"} <= set(answer.labels)
        await bot.settled()
        assert len(bot.server.messages(ana)) == 1
