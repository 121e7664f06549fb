"""What runs on a node, without Ray."""

import logging
import os
import pickle
from pathlib import Path

import pytest

from tests.test_pool import PAINT, catalogue
from tools.compute.actor import Actor
from tools.compute.messages import Done, Ready, Run, Setup
from tools.jobs import Job, PictureSpec


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Actor:
    monkeypatch.setattr(os, "environ", {"ATELIER_MODELS": str(tmp_path / "of the node")})
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)
    monkeypatch.setattr(logging, "captureWarnings", lambda _: None)
    return Actor(Setup(PAINT, tmp_path / "of the bot", "tests.fake_engines:ENGINES"))


def test_orders_and_news_cross_pickled(node: Actor, tmp_path: Path) -> None:
    assert [pickle.loads(n) for n in node.hear() if n] == [Ready()]
    job = Job("m", (PictureSpec("threads", 0, 8, 8, 1, 0.0),), "ann")
    node.obey(pickle.dumps(Run(job, catalogue(tmp_path).models["m"])))
    heard: list[object] = []
    while not heard or not isinstance(heard[-1], Done):
        heard += [pickle.loads(n) for n in node.hear() if n]
    assert heard[-1].artifacts[0].data == b"3"


def test_the_models_are_where_the_node_has_them(node: Actor, tmp_path: Path) -> None:
    assert node._worker.shelf._setup.models == tmp_path / "of the node"
