"""Errors in a user's network name the line of the user's source."""

from __future__ import annotations

import pytest
import torch

from data.errors import UserError
from models.examine import Shape, examine
from models.inspection.check_network import check_network
from models.source_loader import load_network, naming_lines

SHAPE = Shape(3, 32, 32, 5)
HEAD = "from torch import nn\nclass Net(nn.Module):\n"
POOLED = "    def __init__(self, outputs={n}):\n        super().__init__()\n        self.fc = nn.Linear(3, outputs)\n"


def scores(n: int, forward: str) -> str:
    """A network that averages each channel and has ``n`` outputs."""
    return HEAD + POOLED.format(n=n) + f"    def forward(self, x):\n        {forward}\n"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (HEAD[:-2], r"Line 2 of your network: SyntaxError: expected ':'"),
        (scores(5, "return relu(x)"), r"Line 7 of your network: NameError: name 'relu' is not defined. It reads: ret"),
        ("import nothing_like_it\n", r"Line 1 of your network: ModuleNotFoundError"),
        ("raise SystemExit(1)\n", r"Line 1 of your network: SystemExit"),
        ("x = 1\n", r"no class that derives from nn.Module"),
        (HEAD + "    def __init__(self, depth):\n        super().__init__()\n", r"Net wants depth"),
        (scores(2, "return self.fc(x.mean((2, 3)))"), r"gives 2 scores, but the dataset has 5 classes"),
        (scores(5, "return x"), r"must be \[2, 5\]"),
        (scores(5, "return self.fc(x.mean((2, 3))), x"), r"returns a tuple"),
        (
            HEAD + "    def __init__(self, classes):\n        super().__init__()\n"
            "        self.fc = nn.Linear(2352, classes)\n"
            "    def forward(self, x):\n        return self.fc(x.flatten(1))\n",
            r"does not work on images of 32x32; it does on 28x28",
        ),
    ],
)
def test_what_is_wrong_is_said(source: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        examine(source, SHAPE)


def test_more_outputs_than_classes_are_allowed_with_a_note() -> None:
    found = examine(scores(1000, "return self.fc(x.mean((2, 3)))"), SHAPE)
    assert found.output == [2, 1000]
    assert "1000 scores for 5 classes" in found.notes[0]


def test_a_network_that_looks_at_its_numbers_is_tried_with_real_ones() -> None:
    source = scores(5, "return self.fc(x.mean((2, 3)) * (2 if x.mean() > 0 else 1))")
    assert examine(source, SHAPE).parameters == 20


def test_the_only_network_class_needs_no_particular_name() -> None:
    source = scores(5, "return self.fc(x.mean((2, 3)))").replace("class Net", "class Tiny")
    assert type(load_network(source, channels=3, classes=5, height=8, width=8)).__name__ == "Tiny"


def test_asking_does_not_disturb_the_random_numbers() -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    examine(scores(5, "return self.fc(x.mean((2, 3)))"), SHAPE, "cpu")
    assert torch.rand(1) == expected


def test_errors_from_elsewhere_stay_what_they_are() -> None:
    with pytest.raises(KeyError), naming_lines("x = 1"):
        raise KeyError("not the user's")


def test_check_network_answers_the_shape_of_one_image() -> None:
    source = scores(5, "return self.fc(x.mean((2, 3)))")
    values = {"source": source, "channels": 3, "height": 9, "width": 12, "classes": 5}
    answer, blobs = check_network(values, [])
    assert (answer["parameters"], answer["output"], blobs) == (20, [5], [])
    assert answer["layers"] == [{"name": "fc", "type": "Linear", "output": [5], "parameters": 20}]
