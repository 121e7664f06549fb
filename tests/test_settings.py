"""The settings, and one sentence for each way they can be wrong."""

from pathlib import Path

import pytest

from bot.environment import told, unknown
from bot.errors import SettingsError
from bot.settings import read


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("ATELIER_MODELS", "ATELIER_DATA", "ATELIER_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_arguments_win_over_the_environment_and_that_over_the_file(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (elsewhere / "atelier.toml").write_text('profile = "file"\nlog = "debug"\ndata = "f"\n')
    monkeypatch.setenv("ATELIER_PROFILE", "environment")
    monkeypatch.setenv("ATELIER_DISCORD__TOKEN", "sesame")
    settings = read(data=Path("a"), profile=None)
    assert (settings.data, settings.profile, settings.log) == (
        elsewhere / "a",
        "environment",
        "debug",
    )
    assert settings.discord.token.get_secret_value() == "sesame"
    assert "sesame" not in repr(settings)


def test_home_is_understood_and_an_empty_variable_is_none(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(elsewhere))
    monkeypatch.setenv("ATELIER_MODELS", "~/models")
    monkeypatch.setenv("ATELIER_DATA", "")
    settings = read()
    assert settings.models == elsewhere / "models"
    assert settings.data.name == "atelier"


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (b"x =", "atelier.toml cannot be read: Invalid value"),
        (b"\xff\xfe", "not text in UTF-8"),
        (b"foo = 1", "no setting 'foo'; there are: accept, catalogue, chat"),
        (b"[chat]\nmodell = 'x'", "no setting 'chat.modell'; there are: key, model, name, tokens"),
        (b"log = 'loud'", "log is wrong: .*'error', not 'loud'"),
        (b"chat = 1", "chat is wrong: it must be a section"),
        (b"data = 5", "data is wrong: it must be a path in quotes, not '5'"),
        (b"accept = 'sdxl'", "accept is wrong: it must be a list"),
        (b"data = '~nobody-of-that-name/x'", "data is wrong: there is no such home folder"),
        (b"[chat]\nmodel = 'server'", "chat.url and chat.name are not both set"),
        (b"[discord]\ntoken = ['sesame']", "discord.token is wrong: it must be text in quotes"),
        (b"discord = 'sesame'", "discord is wrong: it must be a section"),
        (b"roles = 1", "roles is wrong: it must be a section"),
        (b"[roles]\na = 5", "roles.a is wrong: it must be a section"),
        (
            b"[roles.a]\nwieght = 1",
            "no setting 'roles.a.wieght'; there are: budget, members, weight",
        ),
        (b"[roles.a]\nweight = 0", "roles.a.weight is wrong: .* greater than 0, not '0'"),
        (b"[roles.a]\nbudget = 'much'", 'roles.a.budget is wrong: .* "2 hours", .*, not .much'),
        (b"[roles.a]\nmembers = ['ann']", "roles.a.members is wrong: .* such as .*, not 'ann'"),
        (b"[roles.default]\nmembers = ['web:1']", "roles is wrong: the role default takes no"),
        (
            b"[roles]\na = {members = ['web:1']}\nb = {members = ['web:1']}",
            "'web:1' has two roles, a and b",
        ),
        (b"[queue]\nlimit = 0", "queue.limit is wrong: .* greater than or equal to 1"),
        (b"[compute]\ndevice = 'tpu'", "compute.device is wrong: .*'cuda'"),
        (b"[metrics]\nport = 99999", "metrics.port is wrong: .*65535"),
        (b"servers = 'sesame'", "servers is wrong: "),
        (b"servers.gpu1 = 'sesame'", "servers.gpu1 is wrong: it must be a section"),
        (b"[servers.gpu1]", "servers.gpu1.url is wrong: "),
        (b"[servers.gpu1]\nurl = 'gpu1:8000'", "url is wrong: it must begin with http"),
        (b"[servers.gpu1]\nurl='http://h'\nkey='a sesame'", "servers.gpu1.key is wrong: a key has"),
        (
            b"[servers.gpu1]\nurl='http://h'\nport=1",
            "'servers.gpu1.port'; there are: at_once, key,",
        ),
    ],
)
def test_a_broken_file_is_one_sentence_without_secrets(
    elsewhere: Path, file: bytes, says: str
) -> None:
    (elsewhere / "atelier.toml").write_bytes(file)
    with pytest.raises(SettingsError, match=says) as raised:
        read()
    assert "sesame" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_list_in_the_environment_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATELIER_ACCEPT", "sdxl")
    with pytest.raises(SettingsError, match="written as JSON"):
        read()
    monkeypatch.setenv("ATELIER_ACCEPT", '["sdxl"]')
    assert read().accept == {"sdxl"}


def test_a_server_may_be_set_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATELIER_SERVERS__GPU1__URL", "http://gpu1:8000/v1")
    monkeypatch.setenv("ATELIER_SERVERS__GPU1__KEY", "sesame")
    settings = read()
    assert settings.servers["gpu1"].url == "http://gpu1:8000/v1"
    assert settings.servers["gpu1"].at_once == 4
    assert "sesame" not in repr(settings)


def test_names_that_are_no_settings_are_noticed() -> None:
    given = {"ATELIER_MODLES": "x", "ATELIER_CHAT__URL": "x", "ATELIER_DATA": "x", "HOME": "x"}
    given["ATELIER_DISCORD_TOKEN"] = "x"
    meant = "ATELIER_DISCORD__TOKEN"
    assert unknown(given) == {"ATELIER_MODLES": "", "ATELIER_DISCORD_TOKEN": meant}
    assert f"write {meant}, with two underscores" in told("ATELIER_DISCORD_TOKEN", meant)
    assert "spelt" in told("ATELIER_MODLES", "")


@pytest.mark.parametrize("pasted", ["a.b.c\n", '"a.b.c"', " Bot a.b.c ", "'a.b.c'"])
def test_a_token_is_taken_as_it_was_pasted(pasted: str) -> None:
    assert read(discord={"token": pasted}).discord.token.get_secret_value() == "a.b.c"


@pytest.mark.parametrize("wrong", ["1234:t\u00f6ken", "1234: token"])
def test_what_cannot_be_a_token_is_told_and_not_shown(wrong: str) -> None:
    with pytest.raises(SettingsError, match=r"telegram\.token is wrong: a token has no") as error:
        read(telegram={"token": wrong})
    assert "1234" not in str(error.value)


def test_a_cluster_computes_by_its_profile_or_its_address() -> None:
    assert not read().clustered
    assert read(profile="cluster").clustered
    assert read(cluster={"address": "auto"}).clustered


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("webhook_url = 'bot.example.org'", "telegram.webhook_url is wrong: it must be an address"),
        ("webhook_url = 'http://a.example'", "must begin with https://, for Telegram takes no"),
        ("webhook_listen = '8081'", "telegram.webhook_listen is wrong: it must be host:port"),
        ("webhook_listen = 'here:99999'", "telegram.webhook_listen is wrong: it must be host:port"),
    ],
)
def test_webhooks_that_cannot_be(elsewhere: Path, given: str, sentence: str) -> None:
    (elsewhere / "atelier.toml").write_text(f"[telegram]\ntoken = '1:secret'\n{given}\n")
    with pytest.raises(SettingsError) as error:
        read()
    assert sentence in str(error.value)
    assert "secret" not in str(error.value)
