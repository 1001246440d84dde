"""Which tensors fit which: by name, behind other fronts, by order, and every reason why not."""

from __future__ import annotations

from models.weights.matching import match

OWN = {
    "features.0.weight": (8, 3, 3, 3),
    "features.0.bias": (8,),
    "features.1.weight": (8,),
    "features.1.num_batches_tracked": (),
    "fc.weight": (2, 8),
    "fc.bias": (2,),
}
LAST = {"fc.weight", "fc.bias"}


def test_the_same_names_and_shapes_are_strict() -> None:
    found = match(OWN, OWN, classifier=LAST)
    assert found.strict
    assert found.how == "name"
    assert found.pairs == {name: name for name in OWN}


def test_another_number_of_classes_makes_only_the_classifier_anew() -> None:
    found = match(OWN, {**OWN, "fc.weight": (1000, 8), "fc.bias": (1000,)}, classifier=LAST)
    assert {row.name for row in found.of("anew")} == LAST
    assert found.of("anew")[0].reason == "Made for 1000 classes, here are 2: it starts at random."
    assert set(found.pairs) == OWN.keys() - LAST
    assert not found.strict


def test_as_many_other_classes_make_the_classifier_anew_too() -> None:
    found = match(OWN, OWN, classifier=LAST, other_classes=True)
    assert {row.name for row in found.of("anew")} == LAST
    assert "other classes" in found.of("anew")[0].reason


def test_what_is_missing_unused_or_of_another_shape_is_said_with_its_reason() -> None:
    given = {**OWN, "features.0.weight": (8, 1, 3, 3), "features.1.weight": (9,), "aux.weight": (4, 4)}
    del given["features.0.bias"], given["features.1.num_batches_tracked"]
    rows = {row.name or row.given: row for row in match(OWN, given, classifier=LAST).rows}
    assert (rows["features.0.weight"].status, rows["features.0.weight"].reason) == (
        "anew",
        "It reads 1 channels, this network 3: it starts at random.",
    )
    assert rows["features.1.weight"].reason == "Its shape is 9, this network's 8: it starts at random."
    assert rows["features.0.bias"].status == "missing"
    assert "starts at 0" in rows["features.1.num_batches_tracked"].reason
    assert (rows["aux.weight"].status, rows["aux.weight"].given_shape) == ("unused", (4, 4))


def test_what_stands_in_front_of_all_names_does_not_matter_on_either_side() -> None:
    parallel = {f"module.{name}": shape for name, shape in OWN.items()}
    assert match(OWN, parallel).pairs == {name: f"module.{name}" for name in OWN}
    inside = {f"net.backbone.{name}": shape for name, shape in OWN.items()}
    assert match(inside, OWN).pairs == {f"net.backbone.{name}": name for name in OWN}
    assert match(inside, parallel).strict


def test_other_names_in_the_same_order_are_found_by_the_order() -> None:
    theirs = {f"layer{n}.{name.rsplit('.', 1)[-1]}": shape for n, (name, shape) in enumerate(OWN.items())}
    theirs["layer4.weight"], theirs["layer5.bias"] = (10, 8), (10,)
    found = match(OWN, theirs, classifier=LAST)
    assert found.how == "order"
    assert found.pairs["features.1.weight"] == "layer2.weight"
    assert {row.name for row in found.of("anew")} == LAST


def test_the_order_is_not_trusted_when_one_shape_or_kind_differs() -> None:
    theirs = {f"layer{n}.{name.rsplit('.', 1)[-1]}": shape for n, (name, shape) in enumerate(OWN.items())}
    assert not match(OWN, {**theirs, "layer2.weight": (7,)}, classifier=LAST).pairs
    assert not match(OWN, {**theirs, "layer9.weight": (7,)}, classifier=LAST).pairs
    renamed = {("layer2.bias" if name == "layer2.weight" else name): shape for name, shape in theirs.items()}
    assert not match(OWN, renamed, classifier=LAST).pairs


def test_the_table_as_json_counts_each_status() -> None:
    found = match(OWN, {**OWN, "more.weight": (1,)}).as_json()
    assert found["counts"] == {"taken": 6, "anew": 0, "missing": 0, "unused": 1}
    assert found["rows"][-1]["given"] == "more.weight"
