"""The comparison of settings of SFT: what an arm changes, and its table; nothing is trained here."""

import pytest


@pytest.fixture(scope="module")
def settings(load_benchmark):
    return load_benchmark("sft_settings")


def test_an_arm_changes_one_thing(settings):
    assert settings.changes_of("recipe") == {}
    assert settings.changes_of("rate=5e-4") == {"sft.trl.learning_rate": 5e-4}
    assert settings.changes_of("rank=64") == {"sft.lora.rank": 64, "sft.lora.alpha": 128}
    assert settings.nested(settings.changes_of("nf4")) == {"student": {"quantization": "nf4"}}
    for unknown in ("rank", "rank=much", "rate=", "nf5", "recipe=1"):
        with pytest.raises(SystemExit, match="an arm is recipe"):
            settings.changes_of(unknown)


def test_the_table_is_paired_by_step_and_ordered_by_loss(settings):
    told = {"minutes": 10.0, "peak_gib": 4.0}
    rows = [
        {"arm": "recipe", "loss": [9.0, 0.5, 0.7, 0.6], **told},
        {"arm": "rate=5e-4", "loss": [9.0, 0.6, 0.8, 0.8], **told},
        {"arm": "rank=64", "loss": [9.0, 0.4, 0.6, 0.5], **told},
    ]
    _, _, first, second, third = settings.tabulate(rows, last=3).splitlines()
    assert first.startswith("| rank=64 | 0.500 | -0.100 (-0.100 … -0.100)")
    assert second == "| recipe | 0.600 |  | 10.0 | 4.0 |"
    assert third.startswith("| rate=5e-4 | 0.733 | +0.133 (+0.068 … +0.199)")
