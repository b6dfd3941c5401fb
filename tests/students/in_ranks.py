"""What is called in ranks; they import this module, and with it neither trl nor a model."""

import os
import signal
import time

from sqlreason.students.training import launch


def die_in_the_second_rank():
    if launch.rank() == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(300)


def raise_in_the_second_rank():
    if launch.rank() == 1:
        raise RuntimeError("no luck")
    time.sleep(300)
