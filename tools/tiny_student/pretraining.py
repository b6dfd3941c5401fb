"""Trains all parameters of a small causal language model on plain texts, on one CPU core.

Covers encoding, packing into rows with attention confined to documents, the loop, its checkpoints and the
held-out loss. Kill it at any time: the same call with the same folder goes on from the last checkpoint. No
GPU, no several processes.

The matrices of the layers learn by Muon (Jordan et al. 2024; learning rates matched to AdamW's as in Liu et
al. 2025, arXiv:2502.16982), the rest by AdamW. The schedule is trapezoidal: warm-up, plateau, linear decay to
zero.
"""

import hashlib
import json
import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sqlreason.errors import BadInput
from sqlreason.students.checkpoints import cpu
from tiny_student import packing, tiny

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PretrainingPlan:
    """How long and how fast to learn; exactly one of `minutes` and `tokens` is the budget.

    With `tokens` a run is the same for the same seed, interrupted or not; with `minutes` the schedule follows
    the clock.
    """

    minutes: float | None = None
    tokens: int | None = None
    learning_rate: float = 8e-3
    batch_rows: int = 8
    micro_rows: int = 8
    row_tokens: int = 512
    warmup: float = 0.02
    decay: float = 0.45
    weight_decay: float = 0.1
    clip: float = 1.0
    save_minutes: float = 3.0
    log_steps: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        if (self.minutes is None) == (self.tokens is None):
            raise BadInput(
                f"minutes={self.minutes} and tokens={self.tokens}: give exactly one of the two as the budget"
            )
        if self.batch_rows % self.micro_rows:
            raise BadInput(f"batch_rows={self.batch_rows} must be a multiple of micro_rows={self.micro_rows}")


@dataclass
class _Progress:
    """Where a run stands; saved with each checkpoint."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)


def pretrain(
    texts: Iterable[str],
    tokenizer: Any,
    plan: PretrainingPlan,
    *,
    model: Any = None,
    folder: Path | str | None = None,
) -> tuple[Any, list[dict[str, float]]]:
    """Trains a model on the texts until the budget is spent, repeating them in a new order as often as needed.

    Args:
        texts: documents; each is framed by BOS and, unless it ends a turn itself, the end-of-text token.
        tokenizer: as `tiny.train_tokenizer` makes it.
        plan: budget, batch, schedule and seed.
        model: float32 model to train in place; a new `tiny.tiny_model` by default.
        folder: for checkpoints; without it an interrupted run starts anew.

    Returns:
        The model (float32, in evaluation mode) and the history: step, tokens, seconds, loss (nats), learning_rate.
    """
    cpu.keep_memory()
    model = model if model is not None else tiny.tiny_model(tokenizer, seed=plan.seed)
    documents = packing.encode(texts, tokenizer)
    keep = _Checkpoint(folder, _fingerprint(plan, documents, model))
    optimizers = _optimizers(model, plan)
    progress = keep.restore(model, optimizers)
    model.set_attn_implementation(cpu.register_attention())
    _train(model, optimizers, documents, tokenizer.pad_token_id, plan, progress, keep)
    model.set_attn_implementation("sdpa")
    return model.eval(), progress.history


def heldout_loss(model: Any, tokenizer: Any, texts: Iterable[str], row_tokens: int = 512) -> float:
    """Mean loss per token (nats) of the model on texts it was not trained on."""
    import torch

    documents = packing.encode(texts, tokenizer)
    total = count = 0.0
    with torch.no_grad():
        for rows in packing.batches(documents, row_tokens, 8, seed=0, epochs=1, pad=tokenizer.pad_token_id):
            total += float(_loss(model, rows, cpu.supports_bfloat16()))
            count += rows.trained
    return total / count


def _train(
    model: Any,
    optimizers: list[Any],
    documents: packing.Documents,
    pad: int,
    plan: PretrainingPlan,
    progress: _Progress,
    keep: "_Checkpoint",
) -> None:
    import torch
    from tqdm import tqdm

    model.train()
    mixed, window, saved = cpu.supports_bfloat16(), [], time.monotonic()
    bar = tqdm(total=100, initial=round(100 * _share(plan, progress)), unit="%", desc="pretraining")
    for rows in _steps(documents, pad, plan, skip=progress.step):
        if _share(plan, progress) >= 1:
            break
        began = time.monotonic()
        rate = _set_rates(optimizers, plan, _share(plan, progress))
        window.append(_accumulate(model, rows, mixed))
        torch.nn.utils.clip_grad_norm_(model.parameters(), plan.clip)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        progress.step += 1
        progress.tokens += sum(part.tokens for part in rows)
        progress.seconds += time.monotonic() - began
        if progress.step % plan.log_steps == 0:
            _record(progress, window, rate, bar, plan)
        if time.monotonic() - saved > 60 * plan.save_minutes:
            keep.save(model, optimizers, progress)
            saved = time.monotonic()
    if window:
        _record(progress, window, rate, bar, plan)
    keep.save(model, optimizers, progress)
    bar.close()
    logger.info(
        "pretraining: %d steps, %.1f M tokens in %.0f s",
        progress.step,
        progress.tokens / 1e6,
        progress.seconds,
    )


def _steps(documents: packing.Documents, pad: int, plan: PretrainingPlan, skip: int) -> Iterator[list[Any]]:
    parts = plan.batch_rows // plan.micro_rows
    stream = packing.batches(documents, plan.row_tokens, plan.micro_rows, seed=plan.seed, pad=pad, skip=skip * parts)
    while True:
        yield [next(stream) for _ in range(parts)]


def _accumulate(model: Any, parts: list[Any], mixed: bool) -> float:
    """One backward pass per part; the loss is the mean over all trained tokens of the step."""
    trained = sum(part.trained for part in parts)
    total = 0.0
    for part in parts:
        loss = _loss(model, part, mixed) / trained
        loss.backward()
        total += loss.item()
    return total


def _loss(model: Any, rows: Any, mixed: bool) -> Any:
    """Sum of the losses of the trained tokens of some rows."""
    import torch

    with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        hidden = model.model(
            input_ids=rows.ids, position_ids=rows.positions, attention_mask=rows.mask(mixed), use_cache=False
        ).last_hidden_state
    hidden = hidden.to(torch.bfloat16) if mixed else hidden
    return packing.summed_loss(hidden, model.lm_head.weight, rows.labels)


def _optimizers(model: Any, plan: PretrainingPlan) -> list[Any]:
    import torch

    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n and "lm_head" not in n]
    chosen = {id(parameter) for parameter in matrices}
    rest = [parameter for parameter in model.parameters() if id(parameter) not in chosen]
    rate = plan.learning_rate
    return [
        torch.optim.Muon(matrices, lr=rate, weight_decay=plan.weight_decay, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, lr=rate, betas=(0.9, 0.95), weight_decay=plan.weight_decay, fused=True),
    ]


def _share(plan: PretrainingPlan, progress: _Progress) -> float:
    if plan.tokens is not None:
        return progress.tokens / plan.tokens
    return progress.seconds / (60 * plan.minutes)  # type: ignore[operator]


def _set_rates(optimizers: list[Any], plan: PretrainingPlan, share: float) -> float:
    rise, fall = (share + 1e-4) / plan.warmup, (1 - share) / plan.decay
    rate = plan.learning_rate * max(0.0, min(1.0, rise, fall))
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate
    return rate


def _record(progress: _Progress, window: list[float], rate: float, bar: Any, plan: PretrainingPlan) -> None:
    loss = float(np.mean(window))
    window.clear()
    progress.history.append(
        {
            "step": progress.step,
            "tokens": progress.tokens,
            "seconds": round(progress.seconds, 2),
            "loss": loss,
            "learning_rate": rate,
        }
    )
    bar.n = min(100, round(100 * _share(plan, progress)))
    bar.set_postfix(loss=f"{loss:.3f}", tokens_per_second=round(progress.tokens / progress.seconds))


def _fingerprint(plan: PretrainingPlan, documents: packing.Documents, model: Any) -> str:
    options = {name: value for name, value in asdict(plan).items() if name not in ("save_minutes", "log_steps")}
    digest = hashlib.sha256(json.dumps([options, model.config.to_dict()], sort_keys=True, default=str).encode())
    digest.update(documents.ids.tobytes())
    for parameter in model.parameters():
        digest.update(parameter.detach().numpy().tobytes())
    return digest.hexdigest()[:16]


class _Checkpoint:
    """The one file a run is continued from, replaced as a whole."""

    def __init__(self, folder: Path | str | None, fingerprint: str) -> None:
        self.path = Path(folder) / "pretraining.pt" if folder else None
        self.fingerprint = fingerprint

    def save(self, model: Any, optimizers: list[Any], progress: _Progress) -> None:
        import torch

        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        state = {
            "fingerprint": self.fingerprint,
            "model": model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in optimizers],
            "progress": asdict(progress),
        }
        torch.save(state, self.path.with_suffix(".part"))
        self.path.with_suffix(".part").replace(self.path)

    def restore(self, model: Any, optimizers: list[Any]) -> _Progress:
        import torch

        if self.path is None or not self.path.exists():
            return _Progress()
        state = torch.load(self.path, weights_only=True)
        if state["fingerprint"] != self.fingerprint:
            logger.warning("pretraining: %s is of other texts or options; starting afresh", self.path)
            return _Progress()
        model.load_state_dict(state["model"])
        for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        progress = _Progress(**state["progress"])
        logger.info("pretraining: going on from step %d", progress.step)
        return progress
