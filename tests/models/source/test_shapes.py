"""Facts of networks from one run on the meta device: equal to torch's own counts and to torchinfo, errors in words."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest
import torch
import torchinfo
import torchvision
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from models.networks import networks
from models.source.edit import apply
from models.source.facts import Report
from models.source.shapes import Images, describe
from models.source.text import Source, SourceError
from models.source.traced import describe_module
from models.source_loader import load_network
from tests.models.source.sources import COMMENTED, network

SMALL = Images(3, 28, 28, 10)
TEN = (
    "alexnet",
    "convnext_tiny",
    "densenet121",
    "efficientnet_b0",
    "mnasnet1_0",
    "mobilenet_v3_small",
    "resnet50",
    "shufflenet_v2_x1_0",
    "squeezenet1_1",
    "vgg11_bn",
    "vit_b_16",
)
pytestmark = pytest.mark.filterwarnings("ignore")


def test_every_node_has_its_facts() -> None:
    report = describe(COMMENTED, SMALL)
    assert report.problems == ()
    conv = report.facts["conv2#1"]
    assert (conv.inputs, conv.outputs) == (((1, 20, 12, 12),), ((1, 50, 8, 8),))
    assert conv.parameters == 20 * 50 * 25 + 50
    assert conv.flops == 2 * 20 * 25 * 50 * 64
    assert conv.output_bytes == 50 * 64 * 4
    assert conv.modules == ("conv2",)
    assert report.facts["flatten#1"].output_bytes == 0
    assert report.output == ((1, 10),)
    assert report.totals.flops == sum(facts.flops for facts in report.facts.values())


@pytest.mark.parametrize("network", list(networks), ids=lambda network: network.name)
def test_the_library_equals_torch_node_by_node(network: Any) -> None:
    """Every module of the network is at its node, with its own parameters and output; FLOPs are torch's."""
    report = describe(network.source, Images(3, network.size, network.size, 10))
    missing = [n.id for n in report.graph.nodes if n.id not in report.facts and n.kind not in ("input", "output")]
    assert missing == []
    with torch.device("meta"):
        model = load_network(network.source, channels=3, classes=10, height=network.size, width=network.size).eval()
        shapes: dict[str, list[int]] = {}
        for name, module in model.named_modules():
            module.register_forward_hook(_noting(shapes, name))
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            model(torch.empty(1, 3, network.size, network.size))
    assert report.totals.flops == counter.get_total_flops()
    modules = dict(model.named_modules())
    seen = set()
    for facts in report.facts.values():
        for name in facts.modules:
            seen.add(name)
        if len(facts.modules) == 1:
            (name,) = facts.modules
            assert facts.parameters == sum(p.numel() for p in modules[name].parameters())
            assert list(facts.outputs[0]) == shapes[name]
    assert {name for name in shapes if name} == seen


def _noting(shapes: dict[str, list[int]], name: str) -> Any:
    def hook(_module: nn.Module, _inputs: Any, output: torch.Tensor) -> None:
        shapes.setdefault(name, list(output.shape))

    return hook


@pytest.mark.parametrize("name", TEN)
def test_torchvision_equals_torchinfo_and_the_flop_counter(name: str) -> None:
    with torch.device("meta"):
        model = getattr(torchvision.models, name)()
    report = describe_module(model, (2, 3, 224, 224))
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.eval()(torch.empty(2, 3, 224, 224, device="meta"))
    assert report.totals.flops == counter.get_total_flops()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        real = getattr(torchvision.models, name)()
        theirs = torchinfo.summary(real, (2, 3, 224, 224), depth=10, verbose=0, device="cpu")
    assert report.totals.parameters == theirs.total_params
    _check_layers(report, theirs)


def _check_layers(report: Report, theirs: Any) -> None:
    """Every module that torchinfo lists has the same output and parameters here."""
    ours = {facts.modules[0]: facts for facts in report.facts.values() if facts.modules}
    names = {id(info.module): info for info in theirs.summary_list}
    paths = {id(module): path for path, module in theirs.summary_list[0].module.named_modules()}
    compared = 0
    for key, info in names.items():
        path = paths[key]
        if path in ours and info.is_leaf_layer and isinstance(info.output_size, list) and ours[path].outputs:
            assert list(ours[path].outputs[0]) == list(info.output_size)
            assert ours[path].parameters == info.num_params
            compared += 1
    assert compared >= 15


def test_resnet_of_the_library_equals_that_of_torchvision() -> None:
    ours = describe(networks["resnet18"].source, Images(3, 224, 224, 1000, batch=4))
    with torch.device("meta"):
        theirs = describe_module(torchvision.models.resnet18(), (4, 3, 224, 224))
    assert ours.totals.parameters == theirs.totals.parameters
    assert ours.totals.flops == theirs.totals.flops


def test_repeated_and_shared_layers_count_every_call() -> None:
    init = "self.f = nn.Sequential(*[nn.Linear(8, 8) for _ in range(5)])\nself.s = nn.Linear(8, 8)"
    report = describe(
        network(init, "x = self.s(self.f(x))\nfor i in range(3):\n    x = self.s(x)\nreturn x"), Images(1, 2, 8, 3)
    )
    assert report.problems == ()
    assert report.facts["f#1/0"].calls == 5
    assert report.facts["f#1/0"].parameters == 5 * 72
    assert report.facts["s#1"].calls == 1
    inner = next(node.id for node in report.graph.nodes if node.parent and node.label == "s")
    assert report.facts[inner].calls == 3
    assert report.totals.parameters == 6 * 72
    assert report.facts["f#1/0"].flops == 5 * 2 * 2 * 8 * 8


def test_turns_of_unrolled_loops_are_told_apart() -> None:
    init = "self.l = nn.ModuleList([nn.Conv2d(3 + i, 4 + i, 1) for i in range(4)])"
    forward = "for i, f in enumerate(self.l):\n    x = F.relu(f(x))\n    if i % 2 == 0:\n        x = x * 2\nreturn x"
    report = describe(network(init, forward), Images(3, 4, 4, 2))
    widths = [facts.outputs[0][1] for node, facts in report.facts.items() if node.startswith("relu")]
    assert widths == [4, 5, 6, 7]
    assert [facts.outputs[0][1] for node, facts in report.facts.items() if node.startswith("mul")] == [4, 6]


def test_what_the_backward_pass_keeps() -> None:
    source = network(
        "self.a = nn.Linear(8, 16)\nself.b = nn.Linear(16, 4)", "return self.b(F.relu(self.a(x.flatten(1))))"
    )
    report = describe(source, Images(1, 1, 8, 3, batch=10))
    assert report.facts["a#1"].saved_bytes == 10 * 8 * 4  # its input
    assert report.facts["relu#1"].saved_bytes == 10 * 16 * 4  # its output, which is b's input too
    assert report.facts["b#1"].saved_bytes == 0
    assert report.totals.saved_bytes == 10 * (8 + 16) * 4


def test_saved_memory_equals_what_autograd_keeps_for_real() -> None:
    source = networks["mobilenet_v3_small"].source
    report = describe(source, Images(3, 64, 64, 10, batch=4))
    model = load_network(source, channels=3, classes=10, height=64, width=64).train()
    kept: dict[int, torch.UntypedStorage] = {}
    known = {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers())}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known and storage.nbytes():
            kept[storage.data_ptr()] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model(torch.rand(4, 3, 64, 64))
    real = sum(storage.nbytes() for storage in kept.values())
    assert report.totals.saved_bytes == pytest.approx(real, rel=0.02)


def _seen(module: nn.Module, size: int) -> tuple[int, int]:
    """How many rows and columns of the input a value in the middle of the output depends on, by its gradient."""
    for parameter in module.parameters():
        nn.init.constant_(parameter, 1.0)
    image = torch.rand(1, 3, size, size, requires_grad=True)
    out = module(image)
    out[0, :, out.shape[2] // 2, out.shape[3] // 2].sum().backward()
    touched = image.grad.abs().sum((0, 1)) > 0  # type: ignore[union-attr]
    return int(touched.any(1).sum()), int(touched.any(0).sum())


@pytest.mark.parametrize(
    "layers",
    [
        "nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3)",
        "nn.Conv2d(3, 4, 3, stride=2), nn.Conv2d(4, 4, 5)",
        "nn.Conv2d(3, 4, (3, 5)), nn.AvgPool2d(2), nn.Conv2d(4, 4, 3, dilation=2)",
        "nn.Conv2d(3, 4, 7, stride=3, padding=3), nn.AvgPool2d(3, stride=2, padding=1), nn.Conv2d(4, 2, 1)",
        "nn.Conv2d(3, 4, 3, padding=1), nn.AdaptiveAvgPool2d(16), nn.Conv2d(4, 4, 3)",
        "nn.AvgPool2d(4), nn.Upsample(scale_factor=2), nn.Conv2d(3, 4, 1)",
    ],
)
def test_receptive_fields_are_those_of_the_gradient(layers: str) -> None:
    report = describe(network(f"self.f = nn.Sequential({layers})", "return self.f(x)"), Images(3, 64, 64, 2))
    last = list(report.graph.children["f#1"])[-2].id
    assert report.facts[last].receptive_field == _seen(eval(f"nn.Sequential({layers})"), 64)


def test_receptive_fields_of_known_networks() -> None:
    report = describe(networks["resnet50"].source, Images(3, 224, 224, 10))
    assert report.facts["stage4#1"].receptive_field == (427, 427)  # strides stand in the 3x3 convolutions
    assert report.facts["average#1"].receptive_field == "all"
    assert report.facts["fc#1"].receptive_field == "all"


def test_a_size_that_does_not_fit_is_told_in_words_with_its_fix() -> None:
    init = "self.conv1 = nn.Conv2d(3, 50, 3)\nself.conv2 = nn.Conv2d(20, 8, 3)\nself.fc = nn.Linear(100, classes)"
    source = network(init, "x = F.relu(self.conv1(x))\nx = self.conv2(x)\nreturn self.fc(x.flatten(1))")
    report = describe(source, SMALL)
    first, second = report.problems
    assert first.text == "conv2 expects 20 channels, gets 50 from conv1."
    assert (first.node, first.line, first.certain) == ("conv2#1", 15, True)
    assert second.text == "fc expects 100 features, gets 4,608 from flatten."
    assert not second.certain
    for problem in (first, second):
        assert problem.fix is not None
        source = apply(source, problem.fix).source
    assert describe(source, SMALL).problems == ()


@pytest.mark.parametrize(
    ("init", "forward", "text", "line", "node"),
    [
        ("self.a = nn.Conv2d(3, 3, 3)", "return self.a(x) + x", "add gets 26 and 28 rows", 12, "add#1"),
        ("self.a = nn.Conv2d(3, 5, 3, padding=1)", "return self.a(x) + x", "add gets 5 and 3 channels", 12, "add#1"),
        ("self.a = nn.Conv2d(3, 5, 3)", "return torch.cat([self.a(x), x], 1)", "cat can join only", 12, "cat#1"),
        ("self.a = nn.Conv2d(3, 5, 40)", "return self.a(x)", "a fails: .*Kernel size: \\(40 x 40\\)", 12, "a#1"),
        ("self.a = nn.Conv2d(3, 5)", "return self.a(x)", "Line 9 .*missing 1 required .*kernel_size", 9, "a#1"),
        ("self.a = nn.ReLU()", "y = x\nreturn self.b(y)", "Line 13 .*no attribute 'b'", 13, "b#1"),
        ("self.a = nn.ReLU()", "y = x.undefined\nreturn y", "Line 12 .*no attribute 'undefined'", 12, "undefined#1"),
        ("self.a = undefined", "return x", "Line 9 .*'undefined' is not defined", 9, None),
        ("self.a = nn.ReLU()", "return x.view(7, 7)", "view fails on \\[1, 3, 28, 28\\]", 12, "view#1"),
    ],
)
def test_errors_stand_at_their_line_and_node(init: str, forward: str, text: str, line: int, node: str | None) -> None:
    import re

    report = describe(network(init, forward), SMALL)
    (problem,) = report.problems
    assert re.match(text, problem.text), problem.text
    assert (problem.line, problem.node) == (line, node)
    assert report.graph.nodes


def test_a_syntax_error_has_its_line() -> None:
    with pytest.raises(SourceError) as caught:
        describe("import torch\n\nclass Net(nn.Module:\n", SMALL)
    assert caught.value.line == 3


def test_networks_that_look_at_numbers_are_run_with_numbers() -> None:
    source = network(
        "n = int(torch.arange(5)[3])\nself.a = nn.Conv2d(3, n, 3)", "x = x if x.mean() > 0 else x + 1\nreturn self.a(x)"
    )
    report = describe(source, SMALL)
    assert report.problems == ()
    assert report.output == ((1, 3, 26, 26),)
    assert report.facts["a#1"].outputs == ((1, 3, 26, 26),)


def test_a_network_that_cannot_be_read_is_traced() -> None:
    source = (
        "import torch\nfrom torch import nn\n\n\ndef init(self, channels=3, classes=2):\n"
        "    nn.Module.__init__(self)\n    self.conv = nn.Conv2d(channels, 4, 3)\n\n\n"
        "def forward(self, x):\n    return self.conv(x).mean((2, 3))\n\n\n"
        'Net = type("Net", (nn.Module,), {"__init__": init, "forward": forward, "__module__": __name__})\n'
    )
    report = describe(source, SMALL)
    assert report.graph.origin == "fx"
    assert [node.op for node in report.graph.nodes] == ["input", "nn.Conv2d", "Tensor.mean", "output"]
    assert all(node.locked for node in report.graph.nodes if node.kind not in ("input", "output"))
    assert report.facts["conv#1"].outputs == ((1, 4, 26, 26),)


class Branching(nn.Module):
    """Control flow that torch.fx cannot follow, and torch.export can because shapes decide it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for _ in range(x.shape[0]):
            x = x + 1
        return self.conv(x)


def test_what_fx_cannot_trace_comes_from_export() -> None:
    report = describe_module(Branching(), (2, 3, 8, 8))
    assert report.graph.origin == "export"
    assert "torch.fx cannot trace it" in report.notes[0]
    assert [node.op for node in report.graph.nodes if node.kind == "op"].count("torch.add") == 2
    assert report.totals.flops == 2 * 2 * 3 * 9 * 4 * 36
    assert report.totals.parameters == 112


def test_reports_are_json() -> None:
    text = json.dumps(describe(COMMENTED, SMALL).as_json(Source(COMMENTED)))
    values = json.loads(text)
    assert values["facts"]["conv1#1"]["outputs"] == [[1, 20, 24, 24]]
    assert values["totals"]["parameters"] > 0


def test_no_hooks_are_left_behind() -> None:
    """The modules that a run has seen behave as before: a second run gives the same facts."""
    first, second = (describe(networks["resnet18"].source, Images(3, 64, 64, 5)) for _ in range(2))
    assert first.facts == second.facts
    assert not torch.nn.modules.module._global_forward_hooks
