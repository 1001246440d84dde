"""The search of a sweep: which values are tried next and which models are given up, by Optuna; loaded in its worker.

Values are drawn by the tree-structured Parzen estimator (Bergstra et al. 2011), the first ones at random; models are
given up by the median rule (Golovin et al. 2017) or by Hyperband (Li et al. 2018). Everything is in one journal file,
so a search goes on where it was.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import Trial, TrialState

from models.sweeps.options import LARGEST_IS_BEST, SearchOptions
from models.sweeps.space import Choices, Range, Space

STUDY = "sweep"
SEED_STEP = 7919
"""Added for each trial that there is already: a search that goes on does not draw its first values again."""
WORDS = {"val/loss": "validation loss", "val/accuracy": "validation accuracy", "train/loss": "training loss"}
GIVEN_UP = {
    "median": "the {curve} {value:.4g} after {reports} is worse than the median of the models before it",
    "hyperband": "the {curve} {value:.4g} after {reports} is not in the best third of the models that got so far",
}


@dataclass
class Run:
    """A trial that is being trained: its number from 1, its job, what is varied, and its values by report."""

    number: int
    id: str
    values: dict[str, Any]
    trial: Trial
    seen: dict[int, float] = field(default_factory=dict)
    pruned: str = ""


class Search:
    """Asks for values and is told what came of them; ``reports`` is how many validations a whole training has."""

    def __init__(self, path: Path, space: Space, options: SearchOptions, curve: str, reports: int) -> None:
        self._space = space
        self._options = options
        self._curve = curve
        _mend(path)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        storage = JournalStorage(JournalFileBackend(str(path)))
        way: Literal["maximize", "minimize"] = "maximize" if self.largest else "minimize"
        self._study = optuna.create_study(
            storage=storage, study_name=STUDY, direction=way, pruner=_pruner(options, reports), load_if_exists=True
        )
        self._study.sampler = TPESampler(
            seed=(options.sampler_seed + SEED_STEP * self.asked) % 2**31,
            n_startup_trials=options.first,
            constant_liar=options.parallel > 1,
        )

    @property
    def largest(self) -> bool:
        """Whether more is better."""
        return LARGEST_IS_BEST[self._curve]

    @property
    def asked(self) -> int:
        """How many trials there are, those that run among them."""
        return len(self._study.trials)

    @property
    def ended(self) -> int:
        """How many trials are over."""
        return sum(trial.state.is_finished() for trial in self._study.trials)

    def ask(self, job_id: str) -> Run:
        """The next values, for the job ``job_id``."""
        trial = self._study.ask()
        values = {name: _suggest(trial, name, one) for name, one in self._space.items()}
        trial.set_user_attr("id", job_id)
        return Run(trial.number + 1, job_id, values, trial)

    def rename(self, run: Run, job_id: str) -> None:
        """The id was taken by another job: it is trained as this one."""
        run.trial.set_user_attr("id", job_id)
        run.id = job_id

    def running(self) -> list[Run]:
        """The trials that an earlier worker left running; one of which no job was told is put down as failed."""
        found = []
        for frozen in self._study.get_trials(states=(TrialState.RUNNING,)):
            trial = Trial(self._study, frozen._trial_id)
            if frozen.user_attrs.get("id") and frozen.params.keys() == self._space.keys():
                seen = dict(frozen.intermediate_values)
                found.append(Run(frozen.number + 1, frozen.user_attrs["id"], dict(frozen.params), trial, seen))
            else:
                self._study.tell(trial, state=TrialState.FAIL)
        return found

    def report(self, run: Run, number: int, value: float) -> str:
        """The value at report ``number`` (from 1); why the model is to be given up, "" where it is not."""
        if number in run.seen or run.pruned:
            return ""
        run.seen[number] = value
        run.trial.report(value, number)
        if not run.trial.should_prune():
            return ""
        reports = f"{number} validation{'' if number == 1 else 's'}"
        words = GIVEN_UP[self._options.pruner]
        run.pruned = words.format(curve=WORDS.get(self._curve, self._curve), value=value, reports=reports)
        return run.pruned

    def done(self, run: Run) -> None:
        """It was trained to its end, or given up: its best value counts."""
        if run.pruned:
            self._study.tell(run.trial, state=TrialState.PRUNED)
        elif run.seen:
            self._study.tell(run.trial, (max if self.largest else min)(run.seen.values()))
        else:
            self._study.tell(run.trial, state=TrialState.FAIL)

    def failed(self, run: Run, *, poor: bool) -> None:
        """It came to nothing; ``poor``: because of its values (the loss diverged), which are to be avoided."""
        self._study.tell(run.trial, state=TrialState.PRUNED if poor else TrialState.FAIL)

    def best(self) -> tuple[int, float] | None:
        """Number and value of the best trial that was trained to its end."""
        whole = [one for one in self._study.get_trials(states=(TrialState.COMPLETE,)) if one.value is not None]
        sign = 1 if self.largest else -1
        found = max(whole, key=lambda one: sign * (one.value or 0.0), default=None)
        return None if found is None else (found.number + 1, float(found.value or 0.0))


def _suggest(trial: Trial, name: str, values: Choices | Range) -> Any:
    if isinstance(values, Choices):
        return trial.suggest_categorical(name, values.values)
    if values.whole:
        return trial.suggest_int(name, int(values.low), int(values.high), log=values.log)
    return trial.suggest_float(name, values.low, values.high, log=values.log)


def _pruner(options: SearchOptions, reports: int) -> BasePruner:
    if options.pruner == "median":
        # One validation says little: from the second on, where a training has at least three.
        return MedianPruner(n_startup_trials=min(5, options.first), n_warmup_steps=2 if reports > 2 else 0)
    if options.pruner == "hyperband":
        return HyperbandPruner(min_resource=1, max_resource=max(1, reports), reduction_factor=3)
    return NopPruner()


def _mend(path: Path) -> None:
    """A worker that was killed may leave half a line, and a lock that nobody holds: only one worker writes here."""
    path.with_name(path.name + ".lock").unlink(missing_ok=True)
    if path.exists():
        text = path.read_bytes()
        os.truncate(path, text.rfind(b"\n") + 1)
