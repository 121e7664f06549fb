"""The deployment examples, as far as they can be checked without machines to deploy to."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from bot.environment import unknown

DEPLOY = Path(__file__).parent.parent / "deploy"
CLUSTER = "ray-cluster.yaml"


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))
    return found


def test_the_ray_cluster_is_one_that_ray_up_takes() -> None:
    import ray

    schema = Path(ray.__file__).parent / "autoscaler" / "ray-schema.json"
    jsonschema.validate(read(CLUSTER), json.loads(schema.read_text(encoding="utf-8")))
    head, worker = (
        " ".join(read(CLUSTER)[f"{part}_start_ray_commands"]) for part in ("head", "worker")
    )
    assert "--num-cpus=0 --num-gpus=0" in head
    assert "--num" not in worker


@pytest.mark.parametrize("name", ["compose.yaml", "compose.cluster.yaml"])
def test_a_compose_file_names_only_what_it_defines(name: str) -> None:
    compose = read(name)
    for service in compose["services"].values():
        assert set(service.get("depends_on", ())) <= compose["services"].keys()
        named = {volume.partition(":")[0] for volume in service.get("volumes", ())}
        assert named <= compose["volumes"].keys()
        assert not unknown(service["environment"])


def test_each_gpu_of_the_compose_file_has_a_worker_of_its_own() -> None:
    workers = [s for n, s in read("compose.cluster.yaml")["services"].items() if "gpu" in n]
    devices = [w["deploy"]["resources"]["reservations"]["devices"][0] for w in workers]
    assert [d["device_ids"] for d in devices] == [[str(i)] for i in range(len(workers))]
    assert len({w["hostname"] for w in workers}) == len(workers) > 1


@pytest.mark.parametrize("name", ["compose.cluster.yaml", CLUSTER])
def test_the_settings_in_an_example_exist(name: str) -> None:
    text = (DEPLOY / name).read_text(encoding="utf-8")
    named = re.findall(r"\bATELIER_[A-Z_]+", text)
    assert named
    assert not unknown(dict.fromkeys(named, ""))
