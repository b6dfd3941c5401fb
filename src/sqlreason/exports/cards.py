"""One way to write a card: a template beside this module, with texts of others kept to their line or cell."""

from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sqlreason.text.cells import cell, code_block, line

FILTERS = {
    "cell": cell,
    "code_block": code_block,
    "line": line,
    "percent": lambda share: f"{100 * share:.1f}",
    "yaml": lambda head: yaml.safe_dump(head, sort_keys=False, allow_unicode=True).strip(),
}


def render(template: str, **facts: Any) -> str:
    """Return a card.

    Args:
        template: Its name, such as `model_card.md.j2`.
        facts: What the template names.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        trim_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(FILTERS)
    return environment.get_template(template).render(**facts)
