"""Kinds of questions and their families: each family is one module of `queries`, from the SQL to the sentence.

Such a module makes its `FAMILY` and decorates a drawing function for every kind with `FAMILY.kind`: the weight and the
sentence templates stand above the SQL that they ask for. `queries.grammar` finds the modules by itself.

In a template `[a|b]` offers a choice, a name in braces is a placeholder of `wording.placeholders`, and `{ask}` is the
family's choice of opening verbs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlreason.synthesis.drawing.query_context import QueryContext
from sqlreason.synthesis.drawing.query_parts import DrawnQuery

Draw = Callable[[QueryContext], DrawnQuery]


@dataclass(frozen=True)
class QueryKind:
    """One kind of question.

    Attributes:
        draw: Draws a query, or raises `Unsuitable` where the schema or its rows have nothing for it.
        family: Name of the family.
        weight: How often the kind comes, relative to the others.
        templates: Sentence templates of each wording that the kind brings; a drawn query names its wording.
    """

    draw: Draw
    family: str
    weight: float
    templates: Mapping[str, tuple[str, ...]]


class Family:
    """A family of kinds; a mix names it to change the weights of all of them.

    Args:
        name: What a mix calls the family; the module is called the same.
        place: Rank among the families. It and the order within a module decide what a seed draws.
        opening: Opening verbs of a request, as a choice `[Show|List]`; stands for `{ask}` in the templates.
    """

    def __init__(self, name: str, place: int, opening: str = "") -> None:
        self.name = name
        self.place = place
        self.kinds: dict[str, QueryKind] = {}
        self._opening = opening

    def kind(self, weight: float, **templates: tuple[str, ...]) -> Callable[[Draw], Draw]:
        """Return a decorator that makes a drawing function a kind of the family, under the function's name.

        Args:
            weight: How often the kind comes, relative to the others.
            templates: Sentence templates by the name of a wording. A kind that is asked for like another one names
                that wording in its query and brings no templates.
        """
        written = {
            wording: tuple(template.replace("{ask}", self._opening) for template in choices)
            for wording, choices in templates.items()
        }

        def register(draw: Draw) -> Draw:
            self.kinds[draw.__name__] = QueryKind(draw, self.name, weight, written)
            return draw

        return register
