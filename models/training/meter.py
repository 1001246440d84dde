"""What the page shows of a running training: step metrics fetched in bundles, speed, time left, load of the machine."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import torch

from data.errors import UserError
from models.training.doctor.history import History
from models.training.plan import Plan
from models.training.system import SystemLoad

Event = dict[str, Any]

BUNDLE_SECONDS = 0.1
"""Step metrics wait on the device so long, so that no step has to wait for the GPU; on the page this is at once."""
SPEAK_SECONDS = 0.5
ABSURD_LOSS = 1e6
"""Nats per image. No training comes back from there, though float32 would go on to 3e38."""


class Meter:
    """Collects the steps' metrics. ``skip`` what is no training (validations), or the speed comes out too low."""

    def __init__(self, plan: Plan, device: torch.device, step: int = 0, history: History | None = None) -> None:
        self.plan = plan
        self.step = step
        self.history = history or History(2, plan.steps)
        self.load = SystemLoad(device)
        self._waiting: list[tuple[int, float, int]] = []  # step, learning rate, images
        self._tensors: list[torch.Tensor] = []  # [loss, right answers] of the same steps, on the device
        self._sums = [0.0, 0.0, 0.0]  # loss, right answers, images since the last report
        self._images = 0
        self._clock = 0.0  # seconds of training so far, validations left out
        self._since = self._fetched = self._spoke = time.monotonic()
        self._recent: deque[tuple[float, int, int]] = deque([(0.0, 0, step)], maxlen=20)
        self._validation_seconds = 0.0
        self._validations = 0
        self._input = 0.0
        self._input_told = (0.0, 0.0)  # seconds of training and of waiting at the last point

    def add(self, rate: float, images: int, loss: torch.Tensor, right: torch.Tensor) -> None:
        """Take note of a step: its images, the loss, and how many answers were right. Nothing is fetched yet."""
        self.step += 1
        self._images += images
        self._waiting.append((self.step, rate, images))
        self._tensors.append(torch.stack((loss, right.to(loss.dtype))))

    def waited(self, seconds: float) -> None:
        """So long the loop had to wait for the images of a step."""
        self._input += seconds

    def events(self) -> Iterator[Event]:
        """What is due now: often nothing."""
        now = time.monotonic()
        if now - self._fetched >= BUNDLE_SECONDS:
            yield from self.points()
        if now - self._spoke >= SPEAK_SECONDS:
            yield from self.speak("Training")

    def alive(self, phase: str) -> Iterator[Event]:
        """A sign of life, when one is due, while there is no training."""
        if time.monotonic() - self._spoke >= SPEAK_SECONDS:
            yield from self.speak(phase)

    def points(self) -> Iterator[Event]:
        """Points of all steps not yet fetched. Raises UserError at the first loss that makes no sense."""
        self._fetched = time.monotonic()
        if not self._waiting:
            return
        values = torch.stack(self._tensors).tolist()
        steps, self._waiting, self._tensors = self._waiting, [], []
        for (step, rate, images), (loss, right) in zip(steps, values, strict=True):
            known = {"train/loss": loss, "train/accuracy": right / images, "learning_rate": rate}
            yield {"kind": "points", "step": step, "values": known}
            self.history.add(step, loss, rate)
            if not abs(loss) < ABSURD_LOSS:
                raise diverged(step, loss, rate)
            self._sums = [self._sums[0] + loss * images, self._sums[1] + right, self._sums[2] + images]

    def averages(self) -> dict[str, float]:
        """``train/loss`` and ``train/accuracy`` over all images since the last call, and the learning rate now."""
        loss, right, images = self._sums
        self._sums = [0.0, 0.0, 0.0]
        return {"train/loss": loss / images, "train/accuracy": right / images} if images else {}

    def speak(self, phase: str) -> Iterator[Event]:
        """Progress with speed and time left, and the machine's load when that is due again."""
        if phase == "Training":
            self._tick()
        self._spoke = time.monotonic()
        self._recent.append((self._clock, self._images, self.step))
        (then, images, step), (now, images_now, step_now) = self._recent[0], self._recent[-1]
        span = max(now - then, 1e-9)
        rate = (images_now - images) / span if now > then else 0.0
        if phase == "Training" and rate:
            speed = {"samples_per_second": rate, **self.input_wait(), **self.load.read()}
            yield {"kind": "points", "step": self.step, "values": speed}
        eta = self.eta(span / (step_now - step) if step_now > step else None)
        fraction = self.step / self.plan.steps
        known = {"fraction": fraction, "phase": phase, "rate": rate, "unit": "images", "eta": eta}
        yield {"kind": "progress", **known}

    def input_wait(self) -> dict[str, float]:
        """``input/wait``: the share (0..1) of the time since the last call that was spent waiting for images."""
        (clock, waited), self._input_told = self._input_told, (self._clock, self._input)
        span = self._clock - clock
        if span <= 0:
            return {}
        self.history.waits.append(share := min(1.0, (self._input - waited) / span))
        return {"input/wait": share}

    def state(self) -> list[float]:
        """The sums since the last report. Fetch the points first."""
        return list(self._sums)

    def restore(self, sums: Iterable[float]) -> None:
        """Go on with the sums that a state holds."""
        self._sums = [float(value) for value in sums]

    def eta(self, step_seconds: float | None) -> float | None:
        """Seconds left: steps and validations still to come, at the speed of the last ones."""
        if step_seconds is None:
            return None
        validations = sum(step > self.step for step in self.plan.validations)
        each = self._validation_seconds / self._validations if self._validations else 0.0
        return (self.plan.steps - self.step) * step_seconds + validations * each

    def pause(self) -> None:
        """From here to :meth:`resume` is no training."""
        self._tick()

    def resume(self, *, validated: bool) -> None:
        """Training goes on."""
        now = time.monotonic()
        if validated:
            self._validation_seconds += now - self._since
            self._validations += 1
        self._since = now

    def _tick(self) -> None:
        now = time.monotonic()
        self._clock += now - self._since
        self._since = now


def diverged(step: int, loss: float, rate: float) -> UserError:
    """What to say when the loss is no longer a sensible number."""
    what = "NaN" if math.isnan(loss) else "infinite" if math.isinf(loss) else f"{loss:.3g}"
    return UserError(
        f"The loss became {what} at step {step}: the training has diverged.",
        field="learning_rate",
        hint=f"Try decreasing your learning rate (it was {rate:.3g}), and look for broken images or labels.",
    )
