"""Searches for the best options of a training: asks for one model after another and gives up those that do poorly.

Models are ordinary jobs that the scheduler makes (jobs/trials.py); this worker writes down which, and reads from their
folders how they do.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from data.database import open_dataset
from data.errors import InvalidOptions, UserError
from data.options import parse, plain
from data.whole import write_json
from jobs import control
from jobs.events import JobState, fold_all
from jobs.folder import BrokenFolder, JobFolder, Tail
from jobs.job import Job, Needs, Status, new_id
from jobs.trials import spec_path
from models.sweeps.options import SearchOptions, SweepOptions, trial_name
from models.train_options import TrainOptions, completed

if TYPE_CHECKING:
    from models.sweeps.search import Run, Search

LOOK_EVERY = 0.3  # seconds
HOPELESS = 5
"""So many models that all fail, one after the other, end the search: its recipe does not work."""
LABELS = ("name", "group", "visibility", "notes", "tags")
WITHOUT_VALIDATION = "train/loss"
WHO = "the search"


def run(folder: JobFolder, job: Job) -> Iterator[dict[str, Any]]:
    """The task of a search. Optuna is imported here: only this worker needs it."""
    yield {"kind": "progress", "fraction": 0.0, "phase": "Looking at what there is already"}
    from models.sweeps.search import Search

    options = parse(SweepOptions, job.options)
    if options.search is None:
        raise UserError("This sweep is no search: its models were made when it was.")
    first = completed(_options(options, {name: values.ends[0] for name, values in options.varied.items()}))
    validates = first.validation_interval > 0 and _has_validation(folder, job)
    curve = options.curve if validates else WITHOUT_VALIDATION
    longest = options.varied["epochs"].ends[-1] if "epochs" in options.varied else first.epochs
    reports = round(float(longest) / (first.validation_interval if validates else 1.0))
    search = Search(folder.artifacts / "study.log", options.varied, options.search, curve, reports)
    yield from Searching(folder, job, options, search, curve).steps()


def _options(options: SweepOptions, values: dict[str, Any]) -> TrainOptions:
    form = {name: value for name, value in options.model.items() if name not in LABELS}
    return parse(TrainOptions, {**form, **values})


def _has_validation(folder: JobFolder, job: Job) -> bool:
    return "val" in open_dataset(folder.path.parent / job.parents[0] / "artifacts").splits


@dataclass
class Watch:
    """A model that is being trained, as this worker sees it."""

    run: Run
    folder: JobFolder
    tail: Tail
    state: JobState = field(default_factory=JobState)
    seen: bool = False

    def look(self) -> None:
        """Read what happened since."""
        self.state = fold_all(self.tail.read(), self.state)
        self.seen = self.seen or self.state.seq > 0


class Searching:
    """The search under way: ``watched`` are the models that were asked for and have not ended."""

    def __init__(self, folder: JobFolder, job: Job, options: SweepOptions, search: Search, curve: str) -> None:
        self.folder = folder
        self.job = job
        self.options = options
        self.wanted = options.search or SearchOptions()
        self.search = search
        self.curve = curve
        self.watched = [self._watch(one) for one in search.running()]
        self.failures: list[str] = []
        handled = max((int(act.get("line", 0)) for act in folder.state().acts), default=0)
        self.control = control.Control(folder, handled)
        self.stopped = False

    def steps(self) -> Iterator[dict[str, Any]]:
        """Until all models have ended. Raises UserError where they all fail."""
        wanted = self.wanted
        for watch in self.watched:  # the scheduler may not have heard of the last one
            yield self._told(watch.run)
        while True:
            yield from self._heed()
            for watch in [*self.watched]:
                yield from self._follow(watch)
            while not self.stopped and self.search.asked < wanted.trials and len(self.watched) < wanted.parallel:
                yield from self._begin()
            yield self._progress(wanted.trials)
            if not self.watched and (self.stopped or self.search.asked >= wanted.trials):
                break
            time.sleep(LOOK_EVERY)
        yield from self._conclude()

    def _heed(self) -> Iterator[dict[str, Any]]:
        """What people ask for: to begin no more models."""
        for act in self.control.news():
            known = {"line": act.line, "act": act.act, "value": act.value, "who": act.who, "step": 0}
            if act.act == "stop" and not act.late:
                self.stopped = True
                yield {"kind": "act", **known}
            else:
                yield {"kind": "act", **known, "refused": True}

    # -- one model -----------------------------------------------------------------------------------------------

    def _begin(self) -> Iterator[dict[str, Any]]:
        one = self.search.ask(self._free_id())
        try:
            self._write(one)
        except InvalidOptions as error:
            self.search.failed(one, poor=False)
            words = "; ".join(f"{name}: {said}" for name, texts in error.fields.items() for said in texts)
            self._fails(words)
            yield {"kind": "trial", "number": one.number, "values": one.values, "state": "failed", "reason": words}
            return
        self.watched.append(self._watch(one))
        yield self._told(one)

    def _write(self, one: Run) -> None:
        """Write down the job that is wanted, for the scheduler. Raises InvalidOptions."""
        options = completed(_options(self.options, one.values))
        form = {name: value for name, value in self.options.model.items() if name not in LABELS}
        needs = self.options.needs
        wanted = Job(
            id=one.id,
            type="model",
            task="train_model",
            name=trial_name(str(self.options.model["name"]), one.values),
            options=plain(options),
            form={**form, **one.values},
            owner=self.job.owner,
            group=str(self.options.model.get("group") or ""),
            parents=self.job.parents,
            needs=Needs(**{**needs, "gpu_indices": tuple(needs.get("gpu_indices", ()))}),
            created=time.time(),
            sweep=self.job.id,
        )
        path = spec_path(self.folder, one.id)
        path.parent.mkdir(exist_ok=True)
        write_json(path, {"job": asdict(wanted), "source": self.options.sources[options.network]})

    def _told(self, one: Run) -> dict[str, Any]:
        return {"kind": "trial", "number": one.number, "id": one.id, "values": one.values}

    def _watch(self, one: Run) -> Watch:
        folder = JobFolder(self.folder.path.parent / one.id)
        return Watch(one, folder, Tail(folder.events_path))

    def _follow(self, watch: Watch) -> Iterator[dict[str, Any]]:
        """Tell the search how a model does, and the model where it is given up."""
        first, one = not watch.seen, watch.run
        watch.look()
        if first and watch.seen and not self._is_ours(watch):
            self.search.rename(one, self._free_id())
            self._write(one)
            self.watched[self.watched.index(watch)] = self._watch(one)
            yield self._told(one)
            return
        for number, event in enumerate(watch.state.metrics, 1):
            value = event["values"].get(self.curve)
            if value is not None and (reason := self.search.report(one, number, float(value))):
                yield {"kind": "trial", "number": one.number, "state": "pruned", "reason": f"Given up: {reason}"}
                if not watch.state.status.settled:
                    control.ask(watch.folder, "prune", reason, WHO)
        if watch.state.status.finished or (watch.seen and not watch.folder.path.exists()):
            yield from self._end(watch)

    def _is_ours(self, watch: Watch) -> bool:
        try:
            return watch.folder.job().sweep == self.job.id
        except BrokenFolder:
            return True

    def _end(self, watch: Watch) -> Iterator[dict[str, Any]]:
        self.watched.remove(watch)
        one, status = watch.run, watch.state.status
        if one.pruned and status is Status.DONE and not any(act.get("act") == "prune" for act in watch.state.acts):
            one.pruned = ""  # it was quicker than the search, and is whole
            yield {"kind": "trial", "number": one.number, "state": "whole", "reason": ""}
        if one.pruned or status is Status.DONE:
            self.search.done(one)
            self.failures.clear()
        elif status is Status.ERROR:
            self.search.failed(one, poor=True)
            yield {"kind": "trial", "number": one.number, "state": "failed", "reason": watch.state.error}
            self._fails(watch.state.error)
        else:
            self.search.failed(one, poor=False)
            yield {"kind": "trial", "number": one.number, "state": "stopped", "reason": "stopped by somebody"}

    def _fails(self, words: str) -> None:
        self.failures.append(words)
        if len(self.failures) >= HOPELESS and self.search.best() is None:
            raise UserError(
                f"The first {len(self.failures)} models all failed; the last said: {words}",
                hint="Look at one of them, mend the recipe or the ranges, and start the search again.",
            )

    # -- the whole -----------------------------------------------------------------------------------------------

    def _free_id(self) -> str:
        while (self.folder.path.parent / (job_id := new_id())).exists():
            time.sleep(0.01)
        return job_id

    def _progress(self, trials: int) -> dict[str, Any]:
        ended = self.search.ended
        return {"kind": "progress", "fraction": ended / trials, "phase": f"{ended} of {trials} models have ended"}

    def _conclude(self) -> Iterator[dict[str, Any]]:
        found = self.search.best()
        if found is None:
            yield {"kind": "note", "text": "No model was trained to its end, so none is known to be the best."}
            return
        yield {"kind": "artifact", "name": "search", "value": {"best": found[0], "value": found[1]}}
        yield {"kind": "note", "text": f"Model {found[0]} is the best: {self.curve} {found[1]:.4g}."}
