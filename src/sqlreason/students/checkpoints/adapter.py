"""A LoRA adapter as a value: PEFT's configuration, CPU tensors, and what it may be applied to.

Covers taking an adapter off a live model and putting it onto one. Files are the business of
`sqlreason.datasets.adapter_dataset`; this module never touches a disk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlreason.errors import BadInput

if TYPE_CHECKING:
    from peft import PeftConfig, PeftModel
    from torch import Tensor
    from transformers import PreTrainedModel


class AdapterError(BadInput):
    """An adapter does not fit the base model or the prompt it is asked to serve."""


@dataclass(frozen=True, eq=False)
class Adapter:
    """A trained adapter, independent of any live model.

    Attributes:
        config: PEFT's configuration as JSON values, as in adapter_config.json.
        tensors: Weights on the CPU by PEFT's names, as in adapter_model.safetensors.
        base: Identity of the base model (`Checkpoint.identity`).
        fingerprint: Of the student prompt that it was trained with.
        facts: About the training: stage, steps, examples, seconds, options.
    """

    config: Mapping[str, Any]
    tensors: Mapping[str, Tensor]
    base: str
    fingerprint: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_model(
        cls,
        model: PeftModel,
        base: str,
        fingerprint: str,
        facts: Mapping[str, Any] | None = None,
        name: str = "default",
        weights: Mapping[str, Tensor] | None = None,
    ) -> Adapter:
        """Copy the adapter called `name` off a PeftModel; off `weights` where the model holds a shard alone."""
        from peft import get_peft_model_state_dict

        state = get_peft_model_state_dict(model, state_dict=weights, adapter_name=name)
        tensors = {key: tensor.detach().to("cpu", copy=True).contiguous() for key, tensor in state.items()}
        return cls(_plain(model.peft_config[name].to_dict()), tensors, base, fingerprint, dict(facts or {}))

    def apply(self, model: PreTrainedModel, trainable: bool = False, base: str | None = None) -> PeftModel:
        """Wrap a base model into a PeftModel that carries this adapter.

        Args:
            model: The base model; `Checkpoint.load_model` notes its identity on it.
            trainable: Whether training is to go on with the adapter.
            base: Identity of the model where it was loaded otherwise.

        Raises:
            AdapterError: if the model is another base, or lacks the adapter's modules.
        """
        from peft import get_peft_model, set_peft_model_state_dict

        self.require(base or getattr(model, "checkpoint_identity", None))
        # In training the adapter stays in float32; otherwise it takes the model's precision, which is what training
        # under autocast computed with, and spares two casts in each layer.
        config = self.peft_config(trainable)
        config.base_model_name_or_path = None  # PEFT would warn of a base in another folder, whose identity is the same
        wrapped = get_peft_model(model, config, autocast_adapter_dtype=trainable)
        outcome: Any = set_peft_model_state_dict(wrapped, dict(self.tensors))
        missing = [key for key in outcome.missing_keys if "lora_" in key]
        if outcome.unexpected_keys or missing:
            raise AdapterError(
                f"the adapter does not fit the model: {len(outcome.unexpected_keys)} tensors have no place, "
                f"{len(missing)} places no tensor (first: {(outcome.unexpected_keys + missing)[0]})"
            )
        return wrapped

    def peft_config(self, trainable: bool = False) -> PeftConfig:
        """Return the configuration as PEFT's own class."""
        from peft import PeftConfig

        config: Any = PeftConfig.from_peft_type(**dict(self.config))  # type: ignore[no-untyped-call]
        config.inference_mode = not trainable
        return config

    def require(self, base: str | None, fingerprint: str | None = None) -> None:
        """Refuse to serve another base model, or (where one is given) another student prompt.

        Raises:
            AdapterError: if `base` is not the identity of the model that the adapter was trained on, or
                `fingerprint` not that of the prompt.
        """
        if base != self.base:
            raise AdapterError(
                f"this adapter was trained on {self.base}, the model at hand is {base or 'of unknown identity'}; "
                "load that base model, or train the adapter anew"
            )
        if fingerprint not in (None, self.fingerprint):
            raise AdapterError(
                f"this adapter was trained with prompt {self.fingerprint}, the prompt at hand is {fingerprint}; "
                "restore that student prompt (its text, student.chat_template, student.plain_template), or train anew"
            )

    @property
    def start(self) -> str:
        """What a training that goes on with it depends on: its tensors, and if they are untrained what no tensor tells.

        A new adapter changes nothing yet, whatever its scale; the training scales what it learns.
        """
        if self.facts.get("stage") != "none":
            return self.digest
        return "{} alpha={lora_alpha} dropout={lora_dropout}".format(self.digest, **self.config)

    @property
    def digest(self) -> str:
        """Hash of the tensors: equal for bit-identical adapters."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.tensors.items()):
            digest.update(name.encode())
            digest.update(tensor.float().numpy().tobytes())
        return digest.hexdigest()[:16]


def _plain(value: Any) -> Any:
    """PEFT's configuration values as JSON ones: sets sorted, enumerations as their text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(_plain(item) for item in value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "value"):
        return value.value
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
