"""A training under way: where it is, and what happens between two steps: reports, checkpoints, wishes of people."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Any

import torch

from models.training.course import Change, Course
from models.training.doctor import diagnose
from models.training.doctor.history import History, Look, Report
from models.training.meter import Event, Meter
from models.training.plan import make_plan
from models.training.resume import Begin, random_ranks, restore
from models.training.steering import Request, epochs_of, number, told
from models.training.stopping import should_stop

if TYPE_CHECKING:
    from models.training.loop import Training

Validate = Callable[["Training", "Run"], Generator[Event, None, dict[str, float]]]
EARLY = (200, 1000)
"""Steps at which the doctor looks although there is no report yet."""
DOCTOR_SECONDS = 5.0
PAUSED = {"kind": "status", "status": "Paused", "reason": "paused; it can go on from here"}


class Run:
    """``step`` updates are done; ``goes_on`` until the plan is carried out, or somebody or something ends it."""

    def __init__(self, training: Training, begin: Begin) -> None:
        self.training = training
        self.step = begin.step
        self._begin = begin
        self._ended = False
        self._last: Event | None = None  # told last of all
        self._saved = begin.step if begin.checkpoint else -1
        self._asked: list[Request] = []
        self._patient_from = 0  # reports before this one do not count for stopping early
        self.plan = training.plan
        changes = [Change(int(act["step"]), float(act["scale"])) for act in begin.acts if act.get("act") == "rate"]
        measured: list[Mapping[str, float]] = [dict(values) for values in begin.state.get("measured", ())]
        self.course = Course(training.options, self.plan.steps, measured, changes)
        self._extend(epochs_of(begin.acts, training.options.epochs))
        self.history = self._history()
        self._told: tuple[list[str], float] = ([], 0.0)  # what the doctor said last, and when
        self.meter = Meter(self.plan, training.device, begin.step, self.history)
        restore(training, begin)
        self.meter.restore(begin.state.get("sums", (0.0, 0.0, 0.0)))
        if training.diary:
            training.diary.restore(begin.state.get("diary"), begin.step)
        if training.probe:
            training.probe.restore(begin.step)

    @property
    def goes_on(self) -> bool:
        """Whether there is another step to take."""
        return not self._ended and self.step < self.plan.steps

    def begin(self) -> Iterator[Event]:
        """Say what is planned, and do what was asked while nobody worked."""
        yield self._plan_event()
        for request in self.training.steering.news():
            if request.act in ("rate", "extend"):
                yield from self._carry_out(request)
            elif request.late and request.act != "prune":
                yield told(request, self.step, late=True)
            else:
                self._asked.append(request)  # while the worker got ready: after its first step

    def end(self) -> Iterator[Event]:
        """The last words."""
        yield from self.meter.speak("Training")
        yield from self.examine(last=True)
        if self._last is not None:
            yield self._last

    # -- between two steps ---------------------------------------------------------------------------------------

    def report(self, validate: Validate, *, asked: bool = False) -> Iterator[Event]:
        """Validate, report and save, whatever the plan has for this step; all of it where it was ``asked`` for."""
        plan, step = self.plan, self.step
        yield from self.meter.points()
        self.meter.pause()
        values: dict[str, float] = {}
        validates = (asked or step in plan.validations) and self.training.val is not None
        if validates:
            values = yield from validate(self.training, self)
            yield {"kind": "points", "step": step, "values": values}
        if asked or step in plan.reports:
            values = {**self.meter.averages(), **values}
            self.course.measured.append(values)
            self.history.reports.append(Report(step, plan.epoch(step), values))
            yield {"kind": "metrics", "step": step, "epoch": plan.epoch(step), "values": values}
            yield from self.examine()
            yield from self._stop_early()
        if asked or self._ended or step in plan.checkpoints:
            yield from self.save(values)
        for text in self._new_notes():
            yield {"kind": "note", "text": text}
        self.write_diary()
        self.meter.resume(validated=validates)

    def look(self, events: Iterator[Event]) -> Iterator[Event]:
        """Pass on what was seen of the layers; the doctor keeps the latest."""
        for event in events:
            if event["kind"] == "layers":
                weights = event["table"] == "weights"
                matrices = self.training.watcher.matrices if weights else ()
                self.history.look(Look(event["step"], event["names"], event["values"], matrices), weights=weights)
            yield event
        if self.step in EARLY:
            yield from self.meter.points()
            yield from self.examine()

    def examine(self, *, last: bool = False) -> Iterator[Event]:
        """What the doctor says; told when it is something else than before, at the very ``last``, and else seldom."""
        verdicts = diagnose(self.history)
        names, before = [verdict["name"] for verdict in verdicts], self._told
        if names != before[0] or (names and (last or monotonic() - before[1] >= DOCTOR_SECONDS)):
            self._told = (names, monotonic())
            value = {"step": self.step, "epoch": self.plan.epoch(self.step), "verdicts": verdicts}
            yield {"kind": "artifact", "name": "doctor", "value": value}

    def steer(self, validate: Validate) -> Iterator[Event]:
        """Carry out what people ask for; [] nearly always."""
        asked, self._asked = [*self._asked, *self.training.steering.news()], []
        for request in asked:
            yield from self.meter.points()
            if request.act == "stop":
                yield told(request, self.step)
                self._ended = True
                if self.step not in self.plan.reports:
                    yield from self.report(validate, asked=True)
                elif self._saved != self.step:
                    yield from self.save({})
            elif request.act == "prune":
                yield told(request, self.step)
                yield {"kind": "note", "text": f"Stopped early by the search: {request.value}."}
                yield from self.save({})
                self._ended = True
            elif request.act in ("save", "pause"):
                yield from self.save({}, asked=request.act == "save")
                yield told(request, self.step)
                if request.act == "pause":
                    self._ended, self._last = True, PAUSED
            else:
                yield from self._carry_out(request)

    def save(self, values: dict[str, float], *, asked: bool = False) -> Iterator[Event]:
        """A checkpoint of this step; nothing where there is one already."""
        if self._saved == self.step:
            return
        training, epoch = self.training, self.plan.epoch(self.step)
        name = self.plan.checkpoints.get(self.step) or training.keeper.free_name(epoch)
        facts: dict[str, Any] = {"step": self.step, "epoch": epoch, "values": values}
        if asked:
            facts["asked"] = True
        with training.updater.averaged():
            yield from training.keeper.save(name, facts, self.state())
        self._saved = self.step

    def state(self) -> dict[str, Any]:
        """What is needed to go on exactly from here; the order of the images follows from seed and step alone."""
        return {
            "format": 2,
            "step": self.step,
            "sums": self.meter.state(),
            "measured": [dict(values) for values in self.course.measured],
            "history": self.history.kept(),
            "random": torch.get_rng_state(),
            "random_gpu": torch.cuda.get_rng_state_all() if self.training.device.type == "cuda" else [],
            **random_ranks(self.training),
            **({"diary": self.training.diary.state()} if self.training.diary else {}),
            **self.training.updater.state(),
        }

    def write_diary(self, *, now: bool = False) -> None:
        """Bring the diary's files up to date, ``now`` or when it is cheap."""
        if self.training.diary:
            self.training.diary.write(now=now)

    # -- what changes the way ------------------------------------------------------------------------------------

    def _carry_out(self, request: Request) -> Iterator[Event]:
        """Another rate or another number of epochs; a wish that makes no sense is told and passed over."""
        value = number(request.value)
        if request.act == "rate" and value is not None:
            change = self.course.change(self.step, value)
            yield told(request, self.step, scale=change.scale)
        elif request.act == "extend" and value is not None:
            self._extend(value)
            self._patient_from = len(self.course.measured)
            self.meter.plan = self.plan
            yield told(request, self.step)
            yield self._plan_event()
        else:
            yield told(request, self.step, refused=True)

    def _extend(self, epochs: float) -> None:
        """Train until ``epochs`` are done; the schedule is stretched over all of it."""
        training = self.training
        if epochs != training.options.epochs:
            options, ranks = replace(training.options, epochs=epochs), training.ranks.size
            self.plan = make_plan(options, len(training.train), validates=training.val is not None, ranks=ranks)
            self.course.steps = self.plan.steps

    def _stop_early(self) -> Iterator[Event]:
        options = self.training.options
        if should_stop(self.course.measured[self._patient_from :], options.watched_curve, options.early_stopping):
            self._ended = True
            words = f"{options.watched_curve} has not improved for {options.early_stopping} reports"
            yield {"kind": "note", "text": f"Stopped early at epoch {self.plan.epoch(self.step):.4g}: {words}."}

    def _history(self) -> History:
        """What the doctor knows at the beginning: of a training that goes on, what happened before."""
        training, options = self.training, self.training.options
        history = History(training.classes, self.plan.steps, self.step, names=training.names)
        history.augmented = training.hard or options.label_smoothing > 0
        history.take(self._begin.state.get("history", {}), self.course.measured)
        return history

    def _plan_event(self) -> Event:
        plan = self.plan
        value = {
            "steps": plan.steps,
            "steps_per_epoch": plan.steps_per_epoch,
            "epochs": plan.steps / plan.steps_per_epoch,
        }
        return {"kind": "artifact", "name": "plan", "value": value}

    def _new_notes(self) -> list[str]:
        notes, self.training.updater.notes = self.training.updater.notes, []
        return notes
