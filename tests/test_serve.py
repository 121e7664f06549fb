"""Which platforms can be served."""

import pytest
from pydantic import SecretStr

from bot.errors import SettingsError
from bot.serve import platforms
from bot.settings import Discord, Settings, Telegram

TOKEN = Discord(token=SecretStr("sesame"))


@pytest.mark.parametrize("name", ["discord", "telegram"])
def test_a_missing_token_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=f"ATELIER_{name.upper()}__TOKEN"):
        platforms(Settings(), name)


def test_without_tokens_the_terminal_is_served() -> None:
    assert platforms(Settings(), None) == ()
    assert platforms(Settings(discord=TOKEN), "terminal") == ()


def test_every_platform_with_a_token_is_served_unless_one_is_named() -> None:
    both = Settings(discord=TOKEN, telegram=Telegram(token=SecretStr("sesame")))
    assert platforms(both, None) == ("discord", "telegram")
    assert platforms(both, "telegram") == ("telegram",)
