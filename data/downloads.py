"""torchvision's downloadable classification sets as plain facts: how to ask for each, and how it lies on the disk."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DownloadableSet:
    """A class of ``torchvision.datasets``: its splits (ours -> the arguments that select it) and how to know it.

    ``marks`` are files or folders below the root; one of them means that the set is there.
    """

    title: str
    cls: str
    splits: dict[str, dict[str, object]]
    marks: tuple[str, ...]


_TRAIN_TEST: dict[str, dict[str, object]] = {"train": {"train": True}, "test": {"train": False}}
_SPLIT_TRAIN_TEST: dict[str, dict[str, object]] = {"train": {"split": "train"}, "test": {"split": "test"}}
_THREE: dict[str, dict[str, object]] = {
    "train": {"split": "train"},
    "val": {"split": "val"},
    "test": {"split": "test"},
}

SETS = {
    "mnist": DownloadableSet("MNIST", "MNIST", _TRAIN_TEST, ("MNIST/raw",)),
    "fashion_mnist": DownloadableSet("Fashion-MNIST", "FashionMNIST", _TRAIN_TEST, ("FashionMNIST/raw",)),
    "kmnist": DownloadableSet("Kuzushiji-MNIST", "KMNIST", _TRAIN_TEST, ("KMNIST/raw",)),
    "cifar10": DownloadableSet("CIFAR-10", "CIFAR10", _TRAIN_TEST, ("cifar-10-batches-py",)),
    "cifar100": DownloadableSet("CIFAR-100", "CIFAR100", _TRAIN_TEST, ("cifar-100-python",)),
    "svhn": DownloadableSet("SVHN", "SVHN", _SPLIT_TRAIN_TEST, ("train_32x32.mat",)),
    "stl10": DownloadableSet("STL-10", "STL10", _SPLIT_TRAIN_TEST, ("stl10_binary",)),
    "gtsrb": DownloadableSet("German traffic signs", "GTSRB", _SPLIT_TRAIN_TEST, ("gtsrb",)),
    "flowers102": DownloadableSet("Flowers 102", "Flowers102", _THREE, ("flowers-102",)),
    "food101": DownloadableSet("Food-101", "Food101", _SPLIT_TRAIN_TEST, ("food-101",)),
    "eurosat": DownloadableSet("EuroSAT", "EuroSAT", {"train": {}}, ("eurosat",)),
}
