"""Child processes that end when their parent does, even when the parent is killed outright."""

import ctypes
import os
import signal
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def tethered(order: signal.Signals) -> Callable[[], None]:
    """Make a `preexec_fn` that asks the kernel to send `order` to the child when this process is gone.

    The kernel watches the thread that forks, so children are started from the main thread. It forgets the
    request at a change of user, which is why this runs in the child after `subprocess` has changed it.

    Args:
        order: signal that makes the child leave cleanly.

    Returns:
        A function for `subprocess.Popen(preexec_fn=...)`.
    """
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, int(order), 0, 0, 0)
        if os.getppid() != parent:  # it went between the fork and the request
            os._exit(1)

    return tie
