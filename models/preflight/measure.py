"""A few real training steps on real images: how long they take, what memory they need, and how fast images come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
import torch

from data.database import Dataset, Split
from data.errors import UserError
from data.pipeline import usable_cores
from models.examine import Shape
from models.preflight.words import Timing
from models.preprocessing import Preprocessing, centre, input_size
from models.source.meters import own_tensors
from models.source_loader import load_network, naming_lines
from models.train_options import TrainOptions
from models.training.augment import Cut, Selection, Selections
from models.training.augment_warp import Frame
from models.training.augmenter import make_augmenter
from models.training.batches import Batch, Change, DatabaseImages, MemoryImages, memory_budget, nbytes, read
from models.training.groups import make_optimizer
from models.training.threads import Threads
from models.training.update import Updater
from models.weights.freezing import freeze, training_mode
from models.weights.options import layer_names

SECONDS = 6.0
"""What the steps may take together; one step is made in any case."""
LONGEST = 20.0
"""Seconds: where a step would take longer, fewer images are measured and the rest is computed."""
SAMPLE = 512
STEPS = 20
TINY_RATE = 1e-9
"""The weights must not run away: infinite numbers are computed at another speed."""


@dataclass(frozen=True)
class Measured:
    """``timing`` of a step; ``peak`` bytes of the whole training step (None: not told); how many steps were made, of
    how many images each."""

    timing: Timing
    peak: int | None
    steps: int
    images: int


def measure(source: str, options: TrainOptions, dataset: Dataset, device: torch.device) -> Measured:
    """Make some steps. Raises UserError where the batch does not fit, or the network fails."""
    train = dataset.split("train")
    wanted = (options.batch_size or 1) * options.accumulation
    updater = _updater(source, options, dataset, device)
    pictures, load_seconds = _sample(train, dataset, options, device, wanted)
    with naming_lines(source):
        images = _bearable(updater, pictures, wanted)
        batches = pictures.batches(_selections(pictures, dataset, options, images))
        first = next(batches)
        try:
            times = list(_steps(updater, first, device))
            peak = _peak(updater, first, device)
        except (torch.OutOfMemoryError, MemoryError) as error:
            raise UserError(f"A batch of {images} images does not fit into memory.", field="batch_size") from error
        waiting = _waiting(train, dataset, options, device, images) if nbytes(train) > memory_budget(device) else None
    take = waiting if waiting is not None else _timed(batches, device)
    share = wanted / images
    timing = Timing(median(times) * share, take * share, ahead=waiting is not None, load=load_seconds)
    return Measured(timing, peak if images == wanted else None, len(times), images)


def _updater(source: str, options: TrainOptions, dataset: Dataset, device: torch.device) -> Updater:
    """As training makes it; what the network computes does not matter here."""
    values = centre(dataset.mean, options.crop_size)
    preprocessing = Preprocessing(dataset.preparation, options.crop_size, "image", 1 / 64, values)
    height, width, channels = preprocessing.shape
    shape = Shape(channels, height, width, max(2, len(dataset.classes)))
    with torch.random.fork_rng(devices=[]):
        model = load_network(source, **shape.keywords())
    frozen = freeze(model, layer_names(options.freeze))
    layout = torch.channels_last if options.channels_last else torch.contiguous_format
    model = model.to(device, memory_format=layout)  # type: ignore[call-overload]
    training_mode(model, frozen)
    plain = replace(options, compile=False)
    normalise = preprocessing.normaliser(device)
    return Updater(model, make_optimizer(model, plain), normalise, plain, shape.classes, device)


def _sample(
    train: Split, dataset: Dataset, options: TrainOptions, device: torch.device, wanted: int
) -> tuple[MemoryImages, float]:
    """Some records in memory, and the seconds that it takes to read the whole split once (0 where it is not)."""
    count = min(len(train), max(SAMPLE, wanted))
    start = time.perf_counter()
    pixels = read(train, range(count))
    seconds = (time.perf_counter() - start) / count * len(train) / max(1, usable_cores())
    labels = torch.from_numpy(np.asarray(train.labels[:count], np.int64))
    crop = None if options.warps else options.crop_size  # as in training: what is turned is cut out afterwards
    change = _augmenter(dataset, options)
    pictures = MemoryImages(torch.from_numpy(pixels).to(device), labels.to(device), crop, change)
    return pictures, seconds if nbytes(train) <= memory_budget(device) else 0.0


def _augmenter(dataset: Dataset, options: TrainOptions) -> Change | None:
    height, width = input_size(dataset.height, dataset.width, options.crop_size)
    frame = Frame((dataset.height, dataset.width), (height, width))
    return make_augmenter(options, frame, max(2, len(dataset.classes)), 0)


def _selections(pictures: MemoryImages, dataset: Dataset, options: TrainOptions, images: int) -> Iterator[Selection]:
    """Random batches of the sample without end; a sample smaller than a batch is repeated."""
    cut = Cut(dataset.height, dataset.width, options.crop_size)
    size = min(images, len(pictures))
    for selection in Selections(cut, len(pictures), size, 0, options.flip).after(0, max(1, len(pictures) // size)):
        again = np.arange(images) % len(selection)
        numbers, tops = selection.numbers[again], selection.tops[again]
        yield Selection(numbers, tops, selection.lefts[again], selection.flips[again], selection.step)


def _bearable(updater: Updater, pictures: MemoryImages, wanted: int) -> int:
    """How many images a step can have so that it ends in time; told from two steps of two images."""
    size = min(2, len(pictures))
    side = updater.options.crop_size
    pair = pictures.pixels[:size, :side, :side], pictures.labels[:size]
    threads = Threads(updater.device)
    updater(pair, TINY_RATE, 1)
    threads.adapt()
    each = _seconds(lambda: updater(pair, TINY_RATE, 2), updater.device) / size
    return wanted if each * wanted <= LONGEST else max(size, int(LONGEST / each))


def _steps(updater: Updater, batch: Batch, device: torch.device) -> Iterator[float]:
    """Seconds of each step; the first one, which finds its kernels, counts only where it is the only one."""
    start, threads = time.perf_counter(), Threads(device)  # training gives threads up to busy neighbours as well
    first = _seconds(lambda: updater(batch, TINY_RATE, 1), device)
    if first > SECONDS:
        yield first
        return
    for step in range(STEPS):
        threads.adapt()
        yield _seconds(lambda: updater(batch, TINY_RATE, 2), device)
        if step and time.perf_counter() - start > SECONDS:
            return


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    start = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def _timed(batches: Iterator[Batch], device: torch.device) -> float:
    """Seconds to take a batch out of memory."""
    next(batches)
    return median(_seconds(lambda: next(batches), device) for _ in range(5))


def _waiting(train: Split, dataset: Dataset, options: TrainOptions, device: torch.device, images: int) -> float:
    """Seconds for each batch where the threads of training do nothing but read."""
    threads = max(1, usable_cores() // 2)
    crop = None if options.warps else options.crop_size
    source = DatabaseImages(train, crop, device, threads, _augmenter(dataset, options))
    cut = Cut(dataset.height, dataset.width, options.crop_size)
    batches = source.batches(
        Selections(cut, len(train), min(images, len(train)), 0, options.flip).after(0, max(1, len(train) // images))
    )
    next(batches)
    count = threads + 3  # the first ones were read ahead already
    return _seconds(lambda: [next(batches) for _ in range(count)], device) / count


def _peak(updater: Updater, batch: Batch, device: torch.device) -> int | None:
    """Bytes at most while one step runs, weights and the optimizer's state included, as torch's allocator counts."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        updater(batch, TINY_RATE, 2)
        torch.cuda.synchronize(device)
        return int(torch.cuda.max_memory_allocated(device))
    for weight in updater.model.parameters():
        weight.grad = None
    state = [value for kept in updater.optimizer.state.values() for value in kept.values()]
    before = [*own_tensors(updater.model), *(value for value in state if isinstance(value, torch.Tensor))]
    profile = torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True)
    with profile:
        updater(batch, TINY_RATE, 2)
    results = getattr(profile.profiler, "kineto_results", None)
    if results is None:
        return None
    events = sorted((e for e in results.events() if e.name() == "[memory]"), key=lambda event: event.start_ns())
    now = peak = 0
    for event in events:
        now += event.nbytes()
        peak = max(peak, now)
    return peak + sum(tensor.numel() * tensor.element_size() for tensor in before)


def largest(fits: Callable[[int], bool], guess: int, most: int) -> int:
    """The largest number up to ``most`` for which ``fits`` holds, within a twentieth; 0 where none does.

    Starts at ``guess``, doubles or halves until it is between two, then halves the distance.
    """
    low, high, trial = 0, most + 1, max(1, min(guess, most))
    while high - low > max(1, low // 20) and trial:
        if fits(trial):
            low = trial
        else:
            high = trial
        if low == most:
            break
        trial = high // 2 if low == 0 else min(2 * low, most) if high > most else (low + high) // 2
    return low
