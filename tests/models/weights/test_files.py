"""Weight files as they come: state_dicts, whole training states, safetensors, damaged and unsafe ones."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from data.errors import UserError
from models.weights.files import read_file


@pytest.fixture
def network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))


@pytest.mark.parametrize("wrap", [None, "state_dict", "model", "model_state_dict"])
@pytest.mark.parametrize("ending", [".pt", ".pth", ".ckpt"])
def test_a_state_dict_is_found_bare_or_in_a_training_state(
    tmp_path: Path, network: nn.Module, wrap: str | None, ending: str
) -> None:
    state = network.state_dict()
    path = tmp_path / f"w{ending}"
    torch.save(state if wrap is None else {wrap: state, "epoch": 3, "note": "best"}, path)
    found = read_file(path)
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], state[name]) for name in state)


def test_the_older_format_of_torch_and_safetensors_are_read(tmp_path: Path, network: nn.Module) -> None:
    torch.save(network.state_dict(), tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    save_file(network.state_dict(), tmp_path / "w.safetensors")
    assert read_file(tmp_path / "old.pt").keys() == read_file(tmp_path / "w.safetensors").keys()


class Trap:
    """Runs a command when it is unpickled by something careless."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.system, (f"touch {self.path}",)


def test_a_pickle_that_would_run_code_is_not_opened(tmp_path: Path) -> None:
    torch.save({"state_dict": Trap(tmp_path / "ran")}, tmp_path / "trap.pt")
    with pytest.raises(UserError, match="opening it could run code") as error:
        read_file(tmp_path / "trap.pt")
    assert error.value.field == "weights_file"
    assert not (tmp_path / "ran").exists()


def test_a_whole_pickled_network_is_refused_with_advice(tmp_path: Path, network: nn.Module) -> None:
    torch.save(network, tmp_path / "whole.pt")
    with pytest.raises(UserError, match="holds more than tensors") as error:
        read_file(tmp_path / "whole.pt")
    assert "state_dict()" in str(error.value.hint)


@pytest.mark.parametrize("ending", [".pt", ".safetensors"])
@pytest.mark.parametrize("content", [b"", b"no weights at all", b"PK\x03\x04" + bytes(100)])
def test_other_files_are_refused_in_words(tmp_path: Path, ending: str, content: bytes) -> None:
    path = tmp_path / f"w{ending}"
    path.write_bytes(content)
    with pytest.raises(UserError) as error:
        read_file(path)
    assert error.value.field == "weights_file"
    assert "Traceback" not in str(error.value)


def test_a_file_cut_off_is_refused(tmp_path: Path, network: nn.Module) -> None:
    torch.save(network.state_dict(), tmp_path / "w.pt")
    content = (tmp_path / "w.pt").read_bytes()
    (tmp_path / "w.pt").write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError):
        read_file(tmp_path / "w.pt")


def test_a_file_without_tensors_is_refused(tmp_path: Path) -> None:
    torch.save({"epoch": 1, "note": "nothing"}, tmp_path / "w.pt")
    with pytest.raises(UserError, match="holds no tensors"):
        read_file(tmp_path / "w.pt")
