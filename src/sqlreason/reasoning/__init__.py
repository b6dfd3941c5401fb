"""The language of traces: the `<think>`/`<sql>` grammar, prompts, plans and explanations."""
