"""What runs next, and in which words the rest waits: ``plan`` alone, on plain values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.job import Needs, Status
from jobs.plan import Capacity, Holder, Parent, Plan, Request, about, plan

TWO_GPUS = Capacity(gpus=(0, 1), cpu_slots=1)


def model(job_id: str, gpus: int = 0, created: float = 0.0, **more: object) -> Request:
    return Request(job_id, "model", Needs(gpus=gpus, slots=0 if gpus else 1), created=created, **more)  # type: ignore[arg-type]


def on_gpus(job_id: str, *gpus: int, eta: float | None = None) -> Holder:
    return Holder(job_id, "gpu", gpus, 0, eta)


def test_nothing_to_do() -> None:
    assert plan([], [], TWO_GPUS) == Plan()


def test_a_free_slot_is_taken() -> None:
    assert plan([model("a")], [], Capacity()).start == {"a": ()}


def test_a_free_gpu_is_taken_and_the_preferred_first() -> None:
    assert plan([model("a", gpus=1)], [], Capacity(gpus=(1, 0))).start == {"a": (1,)}


def test_a_gpu_is_never_given_twice() -> None:
    result = plan([model("a", 1), model("b", 1)], [on_gpus("x", 0)], TWO_GPUS)
    assert result.start == {"a": (1,)}
    assert result.reasons == {"b": "needs 1 GPU, 0 free; place 1 in the queue"}


def test_two_gpus_are_given_at_once_in_order() -> None:
    assert plan([model("a", 2)], [], Capacity(gpus=(3, 1))).start == {"a": (1, 3)}


def test_the_reason_names_what_is_wanted_and_what_is_free() -> None:
    result = plan([model("a", 2)], [on_gpus("x", 0)], TWO_GPUS)
    assert result.reasons == {"a": "needs 2 GPUs, 1 free; place 1 in the queue"}


def test_the_wait_is_told_where_the_holders_know_theirs() -> None:
    result = plan([model("a", 1)], [on_gpus("x", 0, eta=900.0), on_gpus("y", 1, eta=300.0)], TWO_GPUS)
    assert result.reasons == {"a": "needs 1 GPU, 0 free; place 1 in the queue; expected wait about 5 minutes"}


def test_the_wait_for_two_is_that_of_the_second_to_end() -> None:
    result = plan([model("a", 2)], [on_gpus("x", 0, eta=900.0), on_gpus("y", 1, eta=300.0)], TWO_GPUS)
    assert result.reasons["a"].endswith("expected wait about 15 minutes")


def test_no_wait_is_told_where_a_holder_does_not_know() -> None:
    result = plan([model("a", 2)], [on_gpus("x", 0, eta=9.0), on_gpus("y", 1)], TWO_GPUS)
    assert "expected" not in result.reasons["a"]


def test_no_wait_is_told_to_those_further_back() -> None:
    result = plan([model("a", created=1), model("b", created=2)], [Holder("x", "cpu", eta=60.0)], Capacity())
    assert "expected wait about 1 minute" in result.reasons["a"]
    assert result.reasons["b"] == "needs 1 CPU slot, 0 free; place 2 in the queue"


def test_a_big_job_keeps_what_is_free_so_that_small_ones_do_not_starve_it() -> None:
    result = plan([model("big", 2, 1.0), model("small", 1, 2.0)], [on_gpus("x", 0)], TWO_GPUS)
    assert result.start == {}
    assert result.reasons["small"] == "needs 1 GPU, 0 free; place 2 in the queue"


def test_older_goes_first() -> None:
    assert plan([model("b", created=2.0), model("a", created=1.0)], [], Capacity()).start == {"a": ()}


def test_priority_goes_before_age() -> None:
    late = model("late", created=2.0, priority=1)
    assert plan([model("early", created=1.0), late], [], Capacity()).start == {"late": ()}


def test_chosen_gpus_are_waited_for() -> None:
    wish = Request("a", "model", Needs(gpus=1, gpu_indices=(0,), slots=0))
    result = plan([wish, model("b", 1, 5.0)], [on_gpus("x", 0)], TWO_GPUS)
    assert result.reasons == {"a": "needs GPU 0, 0 free; place 1 in the queue"}
    assert result.start == {"b": (1,)}, "the other GPU is of no use to the first in the queue"


def test_chosen_gpus_are_given() -> None:
    wish = Request("a", "model", Needs(gpu_indices=(1,), slots=0))
    assert plan([wish], [], TWO_GPUS).start == {"a": (1,)}


@pytest.mark.parametrize(
    ("needs", "reason"),
    [
        (Needs(gpus=3), "needs 3 GPUs, this machine has 2"),
        (Needs(gpu_indices=(0, 7)), "needs GPU 7, which this machine does not have"),
        (Needs(slots=2), "needs 2 CPU slots, this machine has 1"),
    ],
)
def test_what_cannot_be_says_so_and_blocks_nobody(needs: Needs, reason: str) -> None:
    result = plan([Request("a", "model", needs), model("b", 1, 9.0), model("c", 0, 9.0)], [], TWO_GPUS)
    assert result.reasons == {"a": reason}
    assert result.start == {"b": (0,), "c": ()}


def test_without_gpus_one_is_not_to_be_had() -> None:
    assert plan([model("a", 1)], [], Capacity()).reasons == {"a": "needs 1 GPU, this machine has none"}


def test_datasets_have_a_slot_of_their_own() -> None:
    waiting = [Request("d", "dataset"), model("m")]
    assert plan(waiting, [], Capacity()).start == {"d": (), "m": ()}


def test_one_dataset_is_built_at_a_time() -> None:
    result = plan([Request("d", "dataset")], [Holder("e", "build", eta=20.0)], Capacity())
    assert result.reasons == {
        "d": "needs 1 slot for building datasets, 0 free; place 1 in the queue; expected wait under a minute"
    }


@pytest.mark.parametrize("status", [Status.INITIALIZED, Status.WAITING, Status.RUNNING])
def test_a_model_waits_for_its_dataset(status: Status) -> None:
    result = plan([model("m", parents=(Parent("d", "dataset Flowers", status),))], [], Capacity())
    assert result.reasons == {"m": "waiting for dataset Flowers"}


def test_a_model_says_how_long_its_dataset_takes() -> None:
    parent = Parent("d", "dataset Flowers", Status.RUNNING, eta=125.0)
    assert plan([model("m", parents=(parent,))], [], Capacity()).reasons == {
        "m": "waiting for dataset Flowers; about 2 minutes left"
    }


def test_a_model_runs_once_its_dataset_is_done() -> None:
    assert plan([model("m", parents=(Parent("d", "dataset F", Status.DONE),))], [], Capacity()).start == {"m": ()}


@pytest.mark.parametrize(
    ("status", "how"), [(Status.ERROR, "failed"), (Status.ABORTED, "was aborted"), (None, "was deleted")]
)
def test_a_model_whose_dataset_is_lost_is_aborted(status: Status | None, how: str) -> None:
    result = plan([model("m", parents=(Parent("d", "dataset F", status),))], [], Capacity())
    assert result.abort == {"m": f"dataset F {how}, and this job needs it"}
    assert not result.start
    assert not result.reasons


def test_who_waits_for_a_dataset_holds_no_place() -> None:
    first = model("m", created=1.0, parents=(Parent("d", "dataset F", Status.RUNNING),))
    assert plan([first, model("n", created=2.0)], [], Capacity()).start == {"n": ()}


def test_far_places_are_told_roughly_so_that_the_words_do_not_change_at_every_end() -> None:
    result = plan([model(f"{n:03d}", created=float(n)) for n in range(40)], [Holder("x", "cpu")], Capacity())
    assert result.reasons["019"].endswith("place 20 in the queue")
    assert result.reasons["020"].endswith("more than 20 jobs are ahead of it")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (5, "under a minute"),
        (60, "about 1 minute"),
        (599, "about 10 minutes"),
        (1300, "about 20 minutes"),
        (3500, "about 1 hour"),
        (2 * 3600, "about 2 hours"),
        (3 * 86400, "about 3 days"),
    ],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert about(seconds) == words


requests = st.lists(
    st.builds(
        Request,
        id=st.uuids().map(str),
        type=st.sampled_from(["model", "dataset"]),
        needs=st.builds(
            Needs,
            gpus=st.integers(0, 3),
            gpu_indices=st.lists(st.integers(0, 3), unique=True, max_size=2).map(tuple),
            slots=st.integers(0, 2),
        ),
        priority=st.integers(0, 1),
        created=st.floats(0, 9),
    ),
    max_size=12,
    unique_by=lambda request: request.id,
)


@given(requests, st.integers(0, 3), st.integers(1, 2), st.sets(st.integers(0, 2)))
def test_every_job_is_started_or_told_why_and_nothing_is_given_twice(
    waiting: list[Request], gpus: int, slots: int, busy: set[int]
) -> None:
    capacity = Capacity(tuple(range(gpus)), slots, 1)
    running = [on_gpus(f"on {gpu}", gpu) for gpu in busy]
    result = plan(waiting, running, capacity)
    assert result.start.keys() | result.reasons.keys() == {request.id for request in waiting}
    assert not result.start.keys() & result.reasons.keys()
    given_out = [gpu for gpus in result.start.values() for gpu in gpus]
    assert len(given_out) == len(set(given_out))
    assert set(given_out) <= set(capacity.gpus) - busy
