"""What is known of a cluster without one: what nodes lend, and a sentence when there is none."""

import pytest

from tools.compute.cluster import Cluster, plans
from tools.compute.devices import Machine
from tools.compute.gateway import lent
from tools.errors import ToolError


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("127.0.0.1:9", "cluster at 127.0.0.1:9 does not answer; start it, or mend cluster.addr"),
        ("somewhere", "cluster.address is auto or host:port, not 'somewhere'"),
        ("127.0.0.1:99999999", "does not answer; start it"),
        ("ray://head:10001", "not through ray://; run `ray start"),
    ],
)
async def test_a_cluster_that_is_not_there_is_one_sentence(address: str, says: str) -> None:
    with pytest.raises(ToolError, match=says):
        async with Cluster(address):
            pass


async def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.compute.cluster.find_spec", lambda name: None)
    with pytest.raises(ToolError, match=r"pip install 'atelier\[cluster\]'"):
        async with Cluster():
            pass


def test_a_node_lends_what_ray_may_use_of_it() -> None:
    seen = Machine(64, 500_000, (24_000, 80_000, 80_000))
    machine = lent(seen, 16, 2)
    assert machine == Machine(16, 500_000, (24_000, 24_000))
    workers = plans("node1", "box", machine)
    assert [w.name for w in workers] == ["box/gpu0", "box/gpu1", "box/voice"]
    assert [w.device for w in workers] == ["cuda", "cuda", "cpu"]
    assert {(w.kind, w.place) for w in workers} == {("ray", "node1")}
    assert [w.device for w in plans("n", "box", lent(seen, 0, 1))] == ["cuda"]
