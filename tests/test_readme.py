"""What the README promises a newcomer, done as it says, with the very blocks it shows."""

import re
import tomllib
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from PIL import Image

import tools
from bot.commands import COMMANDS
from bot.settings import Settings
from bot.sharing import Crew
from tests.fakes import picture
from tests.rooms import room
from tests.test_control import STATUS
from tools.builtin import ORDER
from tools.catalogue import Catalogue
from tools.engines.diffusion import Diffusion
from tools.files import locate
from tools.jobs import PictureSpec
from tools.tool import TOOLS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str, holding: str) -> str:
    """Return the code block of a language that holds some words."""
    blocks = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    (found,) = [b for b in blocks if holding in b]
    return str(found)


def test_a_model_is_added_by_the_toml_shown(tmp_path: Path) -> None:
    (tmp_path / "models.toml").write_text(block("toml", "[models.my-stickers]"))
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "starter").symlink_to(ROOT / "tools" / "starter")
    model = Catalogue.read(tmp_path / "models.toml").find("draw", "my-stickers")
    engine = Diffusion(model, locate(model, tmp_path), "cpu")
    engine.load()
    spec = PictureSpec("a cat", 1, model.width, model.height, 4, model.guidance)
    (made,) = engine.generate([spec], lambda *_: None)
    engine.unload()
    assert made.media_type == "image/png"


async def test_a_tool_is_added_by_the_file_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "frame.py").write_text(block("python", "async def frame"))
    monkeypatch.setattr(tools, "__path__", [*tools.__path__, str(tmp_path / "tools")])
    monkeypatch.setitem(TOOLS._found, "frame", None)  # it is taken out again afterwards
    monkeypatch.delitem(TOOLS._found, "frame")
    async with room(tmp_path) as here:
        sent = await here.studio.assets.put(picture(3), "image/png", width=32, height=32)
        await here.say("what is in this picture?", assets=[sent])
        reply = await here.say("/frame image=1 colour=red")
        assert reply.message.text == "Framed in red."
        assert reply.steps[0].parents == (sent.sha256,)
        with Image.open(here.studio.assets.path(reply.message.assets[0])) as framed:
            assert framed.size == (64, 64)
            assert np.asarray(framed)[0, 0].tolist() == [255, 0, 0]
        assert (await here.say("/frame image=1 colour=7")).kind == "error"


@pytest.mark.parametrize("tool", ORDER)
def test_every_tool_is_in_the_table(tool: str) -> None:
    assert f"| `{tool}` |" in README


def test_every_setting_is_in_the_example() -> None:
    example = (ROOT / "deploy" / "atelier.example.toml").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        assert f"{name} =" in example or f"[{name}]" in example
        for inner in (field.annotation, *get_args(field.annotation)):
            for key in getattr(inner, "model_fields", ()):
                assert f"{key} =" in example.partition(f"[{name}]")[2].partition("\n[")[0], key


def test_the_examples_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "deploy" / "atelier.example.toml").read_text(encoding="utf-8")
    (tmp_path / "atelier.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    from bot.settings import read

    assert read().chat.model == "rules"
    models = ROOT / "deploy" / "models.example.toml"
    assert Catalogue.read(models, profile="mine").find("draw").name == "my-style"


def test_a_served_model_is_added_by_the_toml_shown(tmp_path: Path) -> None:
    (tmp_path / "models.toml").write_text(block("toml", "[models.flux]"))
    model = Catalogue.read(tmp_path / "models.toml").find("draw", "flux")
    servers = tomllib.loads(block("toml", "[servers.gpu1]"))["servers"]
    settings = Settings.model_validate({"servers": servers})
    assert settings.servers[model.source.server].at_once == 4


def test_the_example_of_servers_starts_every_server_its_catalogue_needs() -> None:
    known = Catalogue.read(ROOT / "deploy" / "servers.example.toml", profile="servers")
    compose = (ROOT / "deploy" / "compose.servers.yaml").read_text(encoding="utf-8")
    sources = [known.find(task).source for task in known.profiles["servers"]]
    served = [source for source in sources if source.server]
    assert len(served) == 3
    for source in served:
        assert f"ATELIER_SERVERS__{source.server.upper()}__URL: http://{source.server}:" in compose
        assert f'["{source.name}"' in compose


def test_pictures_and_links_are_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_help_names_every_command() -> None:
    from bot.notices import help_notice

    assert all(f"/{name}" in help_notice("terminal") for name in COMMANDS)
    told = help_notice("discord")
    assert "/imagine a red bicycle" in told
    assert "/draw" not in told
    assert "/quit" not in told
    assert help_notice("telegram", "/vary") == "/vary: variations of a picture: /vary 2"
    assert "/imagine" not in help_notice("telegram", "start")


def test_the_roles_shown_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "atelier.toml").write_text(block("toml", "[roles]"))
    monkeypatch.chdir(tmp_path)
    from bot.settings import read

    role = Crew(read().roles)
    assert (role("terminal:you").weight, role("terminal:you").budget) == (3, 4 * 3600)
    assert role("web:1").budget == 1800


def test_every_metric_is_in_the_table() -> None:
    from bot.metrics import PoolMetrics

    for metric in PoolMetrics(lambda: STATUS).collect():
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        assert f"`{name}`" in README
