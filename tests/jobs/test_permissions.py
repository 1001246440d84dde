"""Who may do what, as one table."""

from __future__ import annotations

import pytest

from jobs.permissions import ADMIN, CHANGE, MAKE, READ, Principal, can
from jobs.tables import JobRow

LAB = JobRow(owner="ada", visibility="lab")
PRIVATE = JobRow(owner="ada", visibility="private")
NOBODYS = JobRow(owner=None, visibility="lab")

OWNER, STRANGER = Principal("ada", "member"), Principal("bob", "member")
BOSS, GUEST = Principal("root", "admin"), Principal("eve", "viewer")
OWN_GUEST = Principal("ada", "viewer")


@pytest.mark.parametrize(
    ("who", "job", "read", "change"),
    [
        (None, LAB, False, False),
        (GUEST, LAB, True, False),
        (GUEST, PRIVATE, False, False),
        (OWN_GUEST, PRIVATE, True, False),
        (STRANGER, LAB, True, False),
        (STRANGER, PRIVATE, False, False),
        (STRANGER, NOBODYS, True, True),
        (OWNER, LAB, True, True),
        (OWNER, PRIVATE, True, True),
        (BOSS, LAB, True, True),
        (BOSS, PRIVATE, True, True),
        (Principal("ada", "member", "read"), LAB, True, False),
        (Principal("ada", "member", "write"), PRIVATE, True, True),
        (Principal("root", "admin", "read"), PRIVATE, True, False),
    ],
)
def test_what_may_be_done_to_a_job(who: Principal | None, job: JobRow, read: bool, change: bool) -> None:
    assert {can(who, action, job) for action in READ} == {read}
    assert {can(who, action, job) for action in CHANGE} == {change}


@pytest.mark.parametrize(
    ("who", "make", "administer"),
    [
        (None, False, False),
        (GUEST, False, False),
        (OWNER, True, False),
        (BOSS, True, True),
        (Principal("root", "admin", "write"), True, False),
        (Principal("root", "admin", "read"), False, False),
        (Principal("ada", "member", "admin"), True, False),
    ],
)
def test_what_may_be_made_and_administered(who: Principal | None, make: bool, administer: bool) -> None:
    assert {can(who, action) for action in MAKE} == {make}
    assert {can(who, action) for action in ADMIN} == {administer}


def test_an_unknown_action_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="fly"):
        can(BOSS, "fly")
