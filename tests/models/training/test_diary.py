"""The diary of real trainings: exact after a pause and a crash, honest with mixed images, and it finds wrong labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from data.database import open_dataset
from data.errors import UserError
from jobs.folder import JobFolder
from jobs.job import Job
from models.diary.files import Diary, read
from models.diary.views import select, suspicious
from models.training.diary import measured
from tests.models.jobs import DATASET, make_dataset, train

DIGITS_SEED = 0


def diary_of(folder: JobFolder) -> Diary:
    found = read(folder.path / "diary")
    assert found is not None
    return found


def test_every_image_is_seen_once_an_epoch_and_what_is_told_is_what_the_curves_say(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    folder, events = train(tmp_path, epochs=3, accumulation=2, batch_size=4)
    diary = diary_of(folder)
    assert (diary.column("seen") == 3).all()
    reports = [event["values"] for event in events if event["kind"] == "metrics"]
    right = sum(values["train/accuracy"] for values in reports) / 3
    loss = sum(values["train/loss"] for values in reports) / 3
    assert diary.column("right").sum() / diary.column("seen").sum() == pytest.approx(right)
    assert diary.column("loss").mean() == pytest.approx(loss, rel=1e-4)
    epochs, losses = diary.history(np.arange(len(diary.column("seen"))))
    assert epochs == [1, 2, 3]
    assert np.abs(losses).mean(1) == pytest.approx([values["train/loss"] for values in reports], rel=2e-3)
    assert (diary.column("right") == (~np.signbit(losses)).sum(0)).all()


def test_label_smoothing_and_class_weights_leave_the_diary_alone() -> None:
    """What is told is the plain cross-entropy of the image's own class."""
    scores, own = torch.randn(6, 4), torch.tensor([0, 1, 2, 3, 0, 1])
    answers = measured(scores, own, own, np.arange(6))
    assert answers.loss == pytest.approx(F.cross_entropy(scores, own, reduction="none").numpy(), rel=1e-5)
    assert answers.right.tolist() == (scores.argmax(1) == own).tolist()
    wrong = ~answers.right
    assert answers.rival[wrong].tolist() == scores.argmax(1).numpy()[wrong].tolist()


def test_a_mixed_image_counts_where_it_keeps_half_of_its_label_and_what_is_no_number_never() -> None:
    own = torch.tensor([0, 1, 2, 0])
    targets = torch.tensor([[0.7, 0.3, 0], [0.6, 0.4, 0], [0, 0.5, 0.5], [1.0, 0, 0]])
    scores = torch.tensor([[1.0, 0, 0]] * 3 + [[float("nan"), 0, 0]])
    assert measured(scores, own, targets, np.array([7, 8, 9, 10])).numbers.tolist() == [7, 9]


def test_a_training_with_mixup_says_so_and_one_without_diary_has_none(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    mixed, _ = train(tmp_path, epochs=2, mixup=0.4)
    diary = diary_of(mixed)
    assert diary.about["mixed"]
    assert 0 < diary.column("seen").sum() < 2 * len(diary.column("seen"))
    without, _ = train(tmp_path, diary=False)
    assert read(without.path / "diary") is None


def test_a_training_that_diverges_leaves_its_diary(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    with pytest.raises(UserError, match="diverged"):
        train(tmp_path, epochs=20, learning_rate=1e9)
    (path,) = tmp_path.glob("*/diary")
    assert np.isfinite(read(path).table).all()  # type: ignore[union-attr]


def planted(home: Path, share: float) -> np.ndarray:
    """scikit-learn's digits as a dataset with some labels changed; which of the training records are wrong."""
    from PIL import Image
    from sklearn.datasets import load_digits

    from data.build import build_dataset
    from data.dataset_options import DatasetOptions

    digits, chance = load_digits(), np.random.default_rng(DIGITS_SEED)
    labels = digits.target.copy()
    bad = chance.choice(len(labels), int(share * len(labels)), replace=False)
    labels[bad] = (labels[bad] + chance.integers(1, 10, len(bad))) % 10
    for number, (image, label) in enumerate(zip(digits.images, labels, strict=True)):
        (home / "digits" / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray((image * 15.9).astype("uint8")).save(home / "digits" / str(label) / f"{number}.png")
    folder = JobFolder.create(home, Job(id=DATASET, type="dataset", task="build_dataset", name="digits", options={}))
    options = DatasetOptions(folder=str(home / "digits"), width=8, height=8, channels=1, val_percent=15)
    for _ in build_dataset(options, folder.artifacts):
        pass
    split = open_dataset(folder.artifacts).split("train")
    numbers = [int(Path(path).stem) for path in split.paths(range(len(split)))]
    return np.isin(numbers, bad)


def test_planted_label_errors_are_found(tmp_path: Path) -> None:
    """3 % of the labels of the digits are wrong: nearly all are found, and most of what is told is wrong indeed."""
    wrong = planted(tmp_path, 0.03)
    folder, _ = train(tmp_path, epochs=12, batch_size=32, optimizer="adam", layer_interval=0, channels_last=False)
    diary = diary_of(folder)
    found = suspicious(diary)
    recall, precision = (found & wrong).sum() / wrong.sum(), (found & wrong).sum() / found.sum()
    print(f"{wrong.sum()} planted: recall {recall:.2f}, precision {precision:.2f}")
    assert recall >= 0.9
    assert precision >= 0.6
    worst = select(diary, "suspicious")[: wrong.sum() // 2]
    assert wrong[worst].mean() >= 0.9
