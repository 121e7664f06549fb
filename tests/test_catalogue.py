"""The catalogue: what is in it, and how an operator's own file joins it."""

from pathlib import Path

import pytest

from tools.catalogue import Catalogue
from tools.engines import ENGINES
from tools.errors import ModelUnavailable
from tools.jobs import Adapter

PROFILES = ["starter", "8gb", "24gb", "80gb", "cluster"]

PIPELINE = """
[models.x]
family = "diffusion"
tasks = ["draw"]
licence = "MIT"
source = { hub = "a/b" }
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_model_has_an_engine_a_licence_and_a_task() -> None:
    models = Catalogue.read().models.values()
    assert {m.family for m in models} <= set(ENGINES.names())
    for model in models:
        assert model.licence, model.name
        assert model.tasks, model.name
        assert set(model.pipelines) <= set(model.tasks), model.name
        if model.family == "diffusion":
            assert model.width % model.multiple == 0 == model.height % model.multiple, model.name


def test_unfree_and_unverified_licences_wait_for_the_operator() -> None:
    for model in Catalogue.read().models.values():
        free = model.licence in ("Apache-2.0", "MIT")
        assert model.accept == (not free), model.name


@pytest.mark.parametrize("profile", PROFILES)
def test_each_profile_has_a_usable_default_for_each_task(profile: str) -> None:
    catalogue = Catalogue.read(profile=profile)
    for task in ("draw", "vary", "inpaint", "write", "speak", "transcribe"):
        assert task in catalogue.find(task).tasks


def test_files_in_wheels_have_their_sha256() -> None:
    wheels = [m.source for m in Catalogue.read().models.values() if m.source.wheel]
    assert wheels
    for source in wheels:
        assert "==" in source.wheel
        assert source.files
        assert all(len(sha) == 64 for sha in source.files.values())


def test_every_pipeline_named_is_one_diffusers_has() -> None:
    import diffusers  # type: ignore[import-untyped,unused-ignore]  # it has no types

    names = {n for m in Catalogue.read().models.values() for n in m.pipelines.values()}
    assert [name for name in names if not hasattr(diffusers, name)] == []


def test_a_model_of_ones_own_replaces_and_adds(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    mine = written(
        tmp_path,
        """
        [models.starter]
        family = "diffusion"
        tasks = ["draw"]
        source = { folder = "weights" }
        licence = "MIT"
        [profiles.starter]
        write = "hibari"
        """,
    )
    catalogue = Catalogue.read(mine)
    assert catalogue.find("draw").source.folder == (tmp_path / "weights").resolve()
    assert catalogue.profiles["starter"]["write"] == "hibari"
    assert catalogue.profiles["starter"]["speak"] == "hibari"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[models.x]\nlicence='MIT'\nsource={hub='a/b'}\nfamily='a'", r"models\.x\.tasks"),
        (f"{PIPELINE}run = {{ quantize = 'int7' }}", r"models\.x\.run\.quantize.*'int8'"),
        (f"{PIPELINE}run = {{ ofload = 'group' }}", r"models\.x\.run\.ofload"),
        (f"{PIPELINE}parts = {{ unet = {{ hub = 'a/c' }} }}", "part unet needs .* one file"),
        (
            f"{PIPELINE}parts = {{ unet = {{ wheel = 'a==1', files = {{ 'x.gguf' = '' }} }} }}",
            "part unet needs a hub or folder",
        ),
        ("not toml at all [", "cannot be read"),
        ("[models.x]\nfamily='a'\ntasks=['draw']\nlicence='MIT'\nsource={}", "exactly one"),
        (
            "[models.x]\nfamily='a'\ntasks=['draw']\nlicence='MIT'\nsource={server='gpu1'}",
            'the family "server" and a source with a server',
        ),
        ("[models.x]\nfamily='a'\ntasks=['sing']\nlicence='MIT'\nsource={hub='a/b'}", "tasks"),
    ],
)
def test_a_wrong_file_is_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ModelUnavailable, match=words) as caught:
        Catalogue.read(written(tmp_path, text))
    assert "mine.toml" in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_a_part_may_come_from_a_file_of_its_own(tmp_path: Path) -> None:
    parts = """[models.x.parts]
        unet = { hub = "a/c", files = { "x.gguf" = "" } }
        vae = { folder = "here", files = { "vae.safetensors" = "" } }
        """
    model = Catalogue.read(written(tmp_path, PIPELINE + parts)).find("draw", "x")
    assert model.part("unet", Path("/models/x")) == Path("/models/x/unet/x.gguf")
    assert model.part("vae", Path("/models/x")) == tmp_path / "here" / "vae.safetensors"
    far = PIPELINE.replace('hub = "a/b"', 'folder = "."') + parts
    with pytest.raises(ModelUnavailable, match="unet comes from the hub, so the model must"):
        Catalogue.read(written(tmp_path, far))


LORAS = """
[loras.oil]
base = ["x"]
licence = "MIT"
source = { folder = "here", files = { "oil.safetensors" = "" } }
[loras.chalk]
base = ["x", "starter"]
licence = "Not for sale"
accept = true
weight = 0.7
source = { hub = "a/c", files = { "chalk.safetensors" = "" } }
"""


def test_loras_are_found_by_the_model_they_fit(tmp_path: Path) -> None:
    path = written(tmp_path, PIPELINE + LORAS)
    known = Catalogue.read(path, accepted=frozenset({"chalk"}), root=Path("/models"))
    model, starter = known.find("draw", "x"), known.find("draw")
    oil, chalk = (known.adapter(known.lora(name, model)) for name in ("oil", "chalk"))
    assert oil == Adapter("oil", tmp_path / "here" / "oil.safetensors", 1.0)
    assert chalk == Adapter("chalk", Path("/models/chalk/chalk.safetensors"), 0.7)
    with pytest.raises(ModelUnavailable, match="no LoRA 'oil' for starter; there are: chalk"):
        known.lora("oil", starter)
    with pytest.raises(ModelUnavailable, match="chalk has the licence Not for sale"):
        Catalogue.read(path).lora("chalk", model)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LORAS.replace(', files = { "oil.safetensors" = "" }', ""), r"loras\.oil: a LoRA needs"),
        (LORAS.replace('base = ["x"]', "base = []"), r"loras\.oil\.base"),
        (LORAS.replace("[loras.oil]", "[loras.starter]"), "starter is given to a model and to a"),
    ],
)
def test_a_wrong_lora_is_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ModelUnavailable, match=words):
        Catalogue.read(written(tmp_path, text))


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"none\.toml") as caught:
        Catalogue.read(tmp_path / "none.toml")
    assert str(tmp_path) not in str(caught.value)


def test_what_cannot_be_found_says_what_can() -> None:
    catalogue = Catalogue.read()
    with pytest.raises(ModelUnavailable, match=r"starter.*z-image-turbo"):
        catalogue.find("draw", "dall-e")
    with pytest.raises(ModelUnavailable, match="cannot draw"):
        catalogue.find("draw", "hibari")
    with pytest.raises(ModelUnavailable, match="no model for edit"):
        catalogue.find("edit")
    with pytest.raises(ModelUnavailable, match="24gb"):
        Catalogue.read(profile="huge")


def test_a_licence_must_be_accepted_first() -> None:
    with pytest.raises(ModelUnavailable, match=r"Non-Commercial.*accept"):
        Catalogue.read().find("draw", "flux2-dev")
    accepted = Catalogue.read(accepted=frozenset({"flux2-dev"}))
    assert accepted.find("draw", "flux2-dev").accept
