"""seccomp: from now on no thread of this process starts programs, opens sockets, or sends signals to others.

A filter of classic BPF over the number of a system call and its first argument (seccomp(2)); refused calls fail with
EPERM as if a file's permissions forbade them.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import socket
from collections.abc import Iterable

from jobs.sandbox.kernel import call, no_new_privileges

Instruction = tuple[int, int, int, int]
"""Code, steps to skip where true, where false, and a number."""

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_NUMBER, _ARCHITECTURE, _ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
_FILTER, _ALL_THREADS = 1, 1
_CLONE_THREAD = 0x10000
_X32 = 0x40000000  # the other numbering of x86-64: refused as a whole
_EVERYWHERE = {  # numbers that all architectures share
    "pidfd_send_signal": 424, "io_uring_setup": 425, "open_tree": 428, "move_mount": 429, "fsopen": 430,
    "clone3": 435, "pidfd_getfd": 438,
}  # fmt: skip
_X86_64 = {
    "seccomp": 317, "socket": 41, "clone": 56, "fork": 57, "vfork": 58, "execve": 59, "kill": 62, "ptrace": 101,
    "pivot_root": 155, "chroot": 161, "mount": 165, "umount2": 166, "reboot": 169, "init_module": 175, "tkill": 200,
    "tgkill": 234, "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250, "unshare": 272,
    "rt_sigqueueinfo": 129, "rt_tgsigqueueinfo": 297, "perf_event_open": 298, "prlimit64": 302,
    "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311, "finit_module": 313,
    "kexec_file_load": 320, "bpf": 321, "execveat": 322, "userfaultfd": 323,
}  # fmt: skip
_AARCH64 = {
    "seccomp": 277, "socket": 198, "clone": 220, "execve": 221, "kill": 129, "ptrace": 117, "pivot_root": 41,
    "chroot": 51, "mount": 40, "umount2": 39, "reboot": 142, "init_module": 105, "tkill": 130, "tgkill": 131,
    "kexec_load": 104, "add_key": 217, "request_key": 218, "keyctl": 219, "unshare": 97, "rt_sigqueueinfo": 138,
    "rt_tgsigqueueinfo": 240, "perf_event_open": 241, "prlimit64": 261, "open_by_handle_at": 265, "setns": 268,
    "process_vm_readv": 270, "process_vm_writev": 271, "finit_module": 273, "kexec_file_load": 294, "bpf": 280,
    "execveat": 281, "userfaultfd": 282,
}  # fmt: skip
_MACHINES = {"x86_64": (0xC000003E, _X86_64), "aarch64": (0xC00000B7, _AARCH64)}
_PROGRAMS = frozenset({"clone", "fork", "vfork", "execve", "execveat", "kill", "tkill", "tgkill", "prlimit64"})
"""What somebody needs who starts programs and waits for them."""
_WITH_CONDITION = frozenset({"seccomp", "clone", "clone3", "kill", "tgkill", "prlimit64", "socket"})


class _Step(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("steps", ctypes.POINTER(_Step)))


def restrict(*, local_sockets: bool, programs: bool = False) -> None:
    """Put the filter in force; ``local_sockets`` leaves sockets of this machine, ``programs`` lets them be started
    (under the same filter; signals are then Landlock's matter alone). Raises OSError where it cannot be."""
    machine = platform.machine()
    if machine not in _MACHINES:
        raise OSError(errno.ENOSYS, f"no list of system calls for {machine}")
    steps = program(machine, os.getpid(), local_sockets=local_sockets, programs=programs)
    listed = (_Step * len(steps))(*(_Step(*step) for step in steps))
    compiled = _Program(len(steps), listed)
    no_new_privileges()
    number = _MACHINES[machine][1]["seccomp"]
    call(number, ctypes.c_uint(_FILTER), ctypes.c_uint(_ALL_THREADS), ctypes.byref(compiled))


def program(machine: str, own: int, *, local_sockets: bool, programs: bool = False) -> list[Instruction]:
    """The filter for a machine and the number of our own process."""
    architecture, named = _MACHINES[machine]
    left = _PROGRAMS if programs else frozenset[str]()
    numbers = {name: number for name, number in {**named, **_EVERYWHERE}.items() if name not in left}
    steps = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, architecture), _refuse(), (_LOAD, 0, 0, _NUMBER)]
    if machine == "x86_64":
        steps += [(_AT_LEAST, 0, 1, _X32), _refuse()]
    for name, number in numbers.items():
        if name not in _WITH_CONDITION:
            steps += [(_EQUAL, 0, 1, number), _refuse()]
    steps += [(_EQUAL, 0, 1, numbers["clone3"]), _refuse(errno.ENOSYS)]  # the C library then asks with clone
    if not programs:
        steps += _only(numbers["clone"], (_ANY_BIT, _CLONE_THREAD))
        steps += _only(numbers["kill"], (_EQUAL, own))
        steps += _only(numbers["tgkill"], (_EQUAL, own))
        steps += _only(numbers["prlimit64"], (_EQUAL, 0), (_EQUAL, own))
    steps += _only(numbers["socket"], *[(_EQUAL, int(socket.AF_UNIX))] if local_sockets else [])
    return [*steps, (_RETURN, 0, 0, _ALLOW)]


def _only(number: int, *conditions: tuple[int, int]) -> Iterable[Instruction]:
    """Allow a call where its first argument fulfils one of the conditions, refuse it otherwise."""
    checks = [(_LOAD, 0, 0, _ARGUMENT)]
    for place, (test, value) in enumerate(conditions):
        checks.append((test, len(conditions) - place, 0, value))
    checks += [_refuse(), (_RETURN, 0, 0, _ALLOW)]
    return [(_EQUAL, 0, len(checks), number), *checks]


def _refuse(code: int = errno.EPERM) -> Instruction:
    return _RETURN, 0, 0, _ERROR | code
