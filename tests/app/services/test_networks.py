"""Drawing, editing, measuring and comparing sources through the services, without a browser; real inspector."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.services import networks
from app.services.context import Conflict, NotAllowed
from app.services.networks import Images, Look
from data.errors import UserError
from jobs.permissions import Principal
from models.networks import networks as library
from models.source.text import digest
from models.source.workbench import CannotEdit
from tests.app.conftest import Lab, make_lab

LENET = library["lenet"].source
SMALL = Images(1, 28, 28, 10)
WRONG = LENET.replace("nn.Conv2d(20, 50", "nn.Conv2d(24, 50")


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known from the test before."""
    monkeypatch.setattr(networks, "_graphs", networks._Kept(1000))
    monkeypatch.setattr(networks, "_reports", networks._Kept(1000))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, lab_template: Path) -> Iterator[Lab]:
    """One server for all of these, since importing PyTorch takes its inspector seconds."""
    lab = make_lab(tmp_path_factory.mktemp("networks"), lab_template)
    yield lab
    lab.ctx.inspectors.close()
    lab.store.engine.dispose()


@pytest.fixture
def ada(lab: Lab) -> Principal:
    return lab.who("ada")


def test_a_source_is_drawn_without_an_inspector(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(lab.ctx.inspectors), "ask", lambda *asked: pytest.fail(f"{asked} was run"))
    drawn = networks.draw(lab.ctx, lab.who("vic"), LENET, SMALL, Look())
    names = [node["label"] for node in drawn["picture"]["nodes"]]
    assert names[0] == "x"
    assert {"conv1", "conv2"} <= set(names)
    assert drawn["hash"] == digest(LENET)
    assert drawn["measured"] is False


def test_syntax_errors_are_shown_at_their_place(lab: Lab) -> None:
    text = "x = '😀'\nclass Net(:\n"
    drawn = networks.draw(lab.ctx, lab.who("vic"), text, SMALL, Look())
    assert drawn["picture"] is None
    (problem,) = drawn["problems"]
    assert problem["line"] == 2
    assert problem["span"]["start"] == len("x = '😀'\nclass Net(".encode("utf-16-le")) // 2


def test_a_layer_that_does_not_fit_has_its_fix_before_anything_runs(lab: Lab) -> None:
    (problem,) = networks.draw(lab.ctx, lab.who("vic"), WRONG, SMALL, Look())["problems"]
    assert problem["text"] == "conv2 expects 24 channels, gets 20 from conv1."
    edited = networks.edit(lab.ctx, lab.who("vic"), WRONG, (problem["fix"], digest(WRONG)), SMALL, Look())
    assert edited["source"] == LENET
    assert edited["problems"] == []


def test_changes_are_counted_as_an_editor_counts(lab: Lab) -> None:
    text = LENET.replace("class Net", "# 😀😀\nclass Net", 1)
    edit = {"kind": "insert", "edge": _edge(lab, text, "conv1"), "op": "nn.BatchNorm2d"}
    edited = networks.edit(lab.ctx, lab.who("vic"), text, (edit, digest(text)), SMALL, Look())
    units = text.encode("utf-16-le")
    for change in reversed(edited["changes"]):
        units = units[: change["from"] * 2] + change["insert"].encode("utf-16-le") + units[change["to"] * 2 :]
    assert units.decode("utf-16-le") == edited["source"] != text


def _edge(lab: Lab, text: str, source: str) -> str:
    drawn = networks.draw(lab.ctx, lab.who("vic"), text, SMALL, Look())["picture"]
    ids = {node["id"] for node in drawn["nodes"] if node["label"] == source}
    return next(link["uses"][0]["edge"] for link in drawn["links"] if link["source"] in ids)


def test_an_edit_for_another_text_is_refused(lab: Lab) -> None:
    edit = {"kind": "delete", "node": "conv1#1"}
    with pytest.raises(Conflict, match="has changed since"):
        networks.edit(lab.ctx, lab.who("vic"), LENET + "\n", (edit, digest(LENET)), SMALL, Look())


def test_what_is_locked_says_why(lab: Lab) -> None:
    text = LENET.replace("return", "x = [lambda y: y, self.conv1][1](x) if x.sum() > 0 else x\n        return", 1)
    drawn = networks.draw(lab.ctx, lab.who("vic"), text, SMALL, Look())
    locked = [node for node in drawn["picture"]["nodes"] if node["locked"]]
    assert locked
    with pytest.raises(CannotEdit):
        networks.edit(
            lab.ctx, lab.who("vic"), text, ({"kind": "delete", "node": locked[-1]["id"]}, digest(text)), SMALL, Look()
        )


def test_a_text_beyond_measure_is_refused(lab: Lab) -> None:
    with pytest.raises(UserError, match="up to 150,000"):
        networks.draw(lab.ctx, lab.who("vic"), "#" * 150_001, SMALL, Look())


def test_a_hidden_node_is_brought_out(lab: Lab) -> None:
    source, images = library["resnet18"].source, Images()
    closed = networks.draw(lab.ctx, lab.who("vic"), source, images, Look())
    graph = networks._graph(source, images)
    deep = max((n for n in graph.nodes if n.kind == "layer"), key=lambda node: node.id.count("/"))
    shown = networks.draw(lab.ctx, lab.who("vic"), source, images, Look(reveal=deep.id))
    assert deep.id not in {node["id"] for node in closed["picture"]["nodes"]}
    assert deep.id in {node["id"] for node in shown["picture"]["nodes"]}
    assert shown["open"]


def test_measuring_gives_shapes_and_costs(lab: Lab, ada: Principal) -> None:
    measured = networks.measure(lab.ctx, ada, LENET, SMALL, Look())
    nodes = {node["id"]: node["label"] for node in measured["picture"]["nodes"]}
    facts = {nodes[node]: fact for node, fact in measured["facts"].items()}
    assert facts["conv1"]["outputs"] == [[1, 20, 24, 24]]
    assert facts["conv1"]["parameters"] == 20 * 25 + 20
    assert measured["totals"]["parameters"] == 431_080
    again = networks.draw(lab.ctx, lab.who("vic"), LENET, SMALL, Look())
    assert again["measured"]  # it was measured before, and follows from the text alone
    wrong = networks.measure(lab.ctx, ada, WRONG, SMALL, Look())
    (problem, *_) = wrong["problems"]
    assert problem["text"] == "conv2 expects 24 channels, gets 20 from conv1."
    assert problem["shown"] in nodes


def test_what_reading_cannot_find_is_traced(lab: Lab, ada: Principal) -> None:
    text = "from torch import nn\nNet = type('Net', (nn.Sequential,), {'__init__': lambda self: "
    text += "nn.Sequential.__init__(self, nn.Flatten(), nn.Linear(784, 10))})\n"
    assert networks.draw(lab.ctx, ada, text, SMALL, Look())["picture"] is None
    traced = networks.measure(lab.ctx, ada, text, SMALL, Look())
    assert traced["picture"] is not None, traced["problems"]
    assert any("Linear" in node["op"] for node in traced["picture"]["nodes"])
    assert all(node["locked"] for node in traced["picture"]["nodes"] if node["type"] in ("layer", "op"))


def test_only_those_who_may_run_code_measure_their_own(lab: Lab, ada: Principal) -> None:
    with pytest.raises(NotAllowed, match="may not run source of your own"):
        networks.measure(lab.ctx, lab.who("vic"), WRONG, SMALL, Look())
    assert networks.measure(lab.ctx, lab.who("vic"), LENET, SMALL, Look())["measured"]


def test_an_endless_network_is_ended_and_the_next_is_measured(
    lab: Lab, ada: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(networks, "MEASURE_DEADLINE", 2.0)
    with pytest.raises(UserError):
        networks.measure(lab.ctx, ada, LENET + "\nwhile True:\n    pass\n", SMALL, Look())
    monkeypatch.setattr(networks, "MEASURE_DEADLINE", 60.0)
    assert networks.measure(lab.ctx, ada, LENET, SMALL, Look())["measured"]


def test_networks_are_compared_by_their_layers(lab: Lab, ada: Principal) -> None:
    wider = LENET.replace("20", "24")
    found = networks.compare(lab.ctx, ada, LENET, wider, SMALL)
    assert found["measured"]
    assert found["parameters"] == (24 - 20) * (25 + 1) + (24 - 20) * 50 * 25
    changed = {change["label"]: change for change in found["changed"]}
    assert {argument["name"] for argument in changed["conv1"]["arguments"]} == {"out_channels"}
    assert changed["conv1"]["shape_before"] == (1, 20, 24, 24)
    assert networks.compare(lab.ctx, ada, LENET, LENET + "# a comment\n", SMALL)["same"]


def test_the_palette_has_types_and_torchs_words(lab: Lab, ada: Principal) -> None:
    conv = next(entry for entry in networks.layers() if entry["op"] == "nn.Conv2d")
    assert conv["arguments"][0] == {
        "name": "in_channels", "type": "int", "default": None, "choices": (), "optional": False,
    }  # fmt: skip
    assert "2D convolution" in networks.documentation(lab.ctx, ada, "nn.Conv2d")["text"]
    with pytest.raises(UserError, match=r"no layer os\.system"):
        networks.documentation(lab.ctx, ada, "os.system")


def test_what_is_kept_is_bounded_by_its_nodes() -> None:
    kept = networks._Kept(10)
    for number in range(5):
        kept.put((str(number), SMALL), number, 4)
    assert [kept.get((str(number), SMALL)) for number in range(5)] == [None, None, None, 3, 4]
    kept.put(("large", SMALL), "large", 100)
    assert kept.get(("large", SMALL)) == "large"
    assert kept.get(("4", SMALL)) is None
