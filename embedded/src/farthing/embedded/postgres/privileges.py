"""As whom PostgreSQL runs. It refuses root, so root has two ways to be somebody else.

- `NAMESPACE`: a user namespace in which root's own id appears as an ordinary one. Files stay root's.
- `UNPRIVILEGED`: root's rights are given up for those of an unprivileged user. For where namespaces are forbidden, as in most containers.

`initdb` also refuses ids without an entry in the password file; a namespace helps there, too.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from farthing.embedded.postgres.errors import NotAllowedToRun

_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1


class Way(StrEnum):
    """How PostgreSQL gets an identity that it accepts."""

    OWN = "own"
    NAMESPACE = "namespace"
    UNPRIVILEGED = "unprivileged"


def ways() -> list[Way]:
    """The ways to try for the present user, best first."""
    if os.geteuid() == 0:
        return [Way.NAMESPACE, Way.UNPRIVILEGED]
    return [Way.OWN] if _has_name(os.geteuid()) else [Way.NAMESPACE, Way.OWN]


def owner(way: Way) -> tuple[int, int]:
    """Who must own PostgreSQL's files: user and group id as seen from outside."""
    if way is Way.UNPRIVILEGED:
        account = _ordinary_account()
        return account.pw_uid, account.pw_gid
    return os.geteuid(), os.getegid()


def drop(way: Way) -> None:
    """Become the identity that PostgreSQL accepts, for good. Call it in a process of its own and with one thread. Raises OSError."""
    if way is Way.NAMESPACE:
        _enter_namespace(_ordinary_account())
    if way is Way.UNPRIVILEGED:
        account = _ordinary_account()
        os.setgroups([])
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)


def usable(way: Way, programs: Sequence[Path]) -> bool:
    """Whether this way is permitted here and can run these programs. Tried in a forked child, so that mounts and access lists count too."""
    child = os.fork()
    if child == 0:
        answer = 1
        try:
            drop(way)
            answer = 0 if all(os.access(program, os.R_OK | os.X_OK) for program in programs) else 1
        finally:
            os._exit(answer)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def die_with(parent: int) -> None:
    """Ask the kernel for a fast shutdown (SIGINT) when the starting thread of `parent` ends, however it ends. Linux only.

    Survives exec, but not a change of identity: call it after `drop`.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
    if os.getppid() != parent:  # it died before we asked
        os.kill(os.getpid(), signal.SIGINT)


def _enter_namespace(account: pwd.struct_passwd) -> None:
    uid, gid = os.geteuid(), os.getegid()
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    Path("/proc/self/setgroups").write_text("deny")  # without it an unprivileged process may not map its group
    Path("/proc/self/uid_map").write_text(f"{account.pw_uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{account.pw_gid} {gid} 1")


def _ordinary_account() -> pwd.struct_passwd:
    """Any account but root will do; `nobody` exists nearly everywhere."""
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        others = [account for account in pwd.getpwall() if account.pw_uid != 0 and account.pw_gid != 0]
    if not others:
        raise NotAllowedToRun("PostgreSQL does not run as root, and this system has no other user to run it as.")
    return others[-1]


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True
