"""Which platforms can be served."""

import pytest
from pydantic import SecretStr

from bot.errors import SettingsError
from bot.serve import platforms
from bot.settings import Discord, Settings

TOKEN = Discord(token=SecretStr("sesame"))


@pytest.mark.parametrize("name", ["discord", "telegram"])
def test_a_missing_token_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=f"ATELIER_{name.upper()}__TOKEN"):
        platforms(Settings(), name)


def test_without_tokens_the_terminal_is_served() -> None:
    platforms(Settings(), None)
    platforms(Settings(discord=TOKEN), "terminal")


def test_a_platform_that_is_not_there_yet_is_said_so_without_the_token() -> None:
    for wanted in (None, "discord"):
        with pytest.raises(SettingsError, match="not on Discord yet") as refused:
            platforms(Settings(discord=TOKEN), wanted)
        assert "sesame" not in str(refused.value)
