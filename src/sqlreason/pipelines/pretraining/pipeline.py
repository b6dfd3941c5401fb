"""Wiring of pretraining."""

from kedro.pipeline import Node, Pipeline

from sqlreason.pipelines.pretraining import nodes


def create_pipeline(**_: object) -> Pipeline:
    """Return hand-written schemas -> corpus -> tiny student."""
    return Pipeline(
        [
            Node(nodes.write_corpus, "params:pretraining", "pretraining_corpus", name="write_corpus"),
            Node(
                nodes.pretrain_student,
                ["pretraining_corpus", "checkpoints", "params:pretraining"],
                ["tiny_student", "pretraining_history"],
                name="pretrain_student",
            ),
        ]
    )
