"""What is called in ranks; they import this module, and with it neither trl nor a model."""

import os
import signal
import time
from types import SimpleNamespace

from sqlreason.students.training import launch


def die_in_the_second_rank():
    if launch.rank() == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(300)


def raise_in_the_second_rank():
    if launch.rank() == 1:
        raise RuntimeError("no luck")
    time.sleep(300)


def watch_a_step(budget):
    """What a step's log becomes where the second rank alone has spent its tokens and has groups that are all alike."""
    from accelerate import PartialState
    from transformers import TrainerControl, TrainerState

    from sqlreason.students.training import early_stopping

    PartialState(cpu=True)
    own = launch.rank()
    recorder = SimpleNamespace(seconds=0.0, zero_variance_share=lambda: float(own), keep=lambda *_: None)
    trainer = SimpleNamespace(writing_seconds=0.0, generated_tokens=budget * own, limit=8, _logs={"advantages": []})
    watch = early_stopping.Watch(trainer, SimpleNamespace(name="grpo"), recorder, None, token_budget=budget)
    logs = {"reward": 0.0, "completions/clipped_ratio": 0.0}
    state, control = TrainerState(global_step=1, max_steps=9, log_history=[logs]), TrainerControl()
    watch.on_log(None, state, control, logs)
    return logs["zero_variance_share"], control.should_training_stop
