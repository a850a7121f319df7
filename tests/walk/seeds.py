"""Where chance begins: told, so that a run can be repeated."""

import os
import time

FIXED = "20261125"


def get_seed(fresh=False):
    """Return the seed: APPAY_SEED, else the fixed one, else a fresh one.

    :param bool fresh: whether a run without APPAY_SEED has another one each time
    """
    return int(os.environ.get("APPAY_SEED") or (str(int(time.time())) if fresh else FIXED))
