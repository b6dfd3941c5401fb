"""Skeletons of questions: what is left when a schema's names and values are taken out."""

import re

from sqlreason.synthesis.english import pluralise
from sqlreason.synthesis.schema.annotated_schema import AnnotatedSchema


class Skeletons:
    """Takes the words of one annotated schema out of questions.

    Args:
        annotated_schema: Its nouns, roles, column phrases, units and values become `_`; numbers and quoted texts too.
    """

    def __init__(self, annotated_schema: AnnotatedSchema) -> None:
        words: set[str] = set()
        for table in annotated_schema.tables:
            words |= {table.singular, table.plural}
            for column in table.columns:
                phrases = (column.phrase, pluralise(column.phrase), column.role, column.unit)
                words |= {*phrases, *column.values, re.sub(r"^(is|has|was) ", "", column.phrase)}
        longest_first = sorted(filter(None, words), key=len, reverse=True)
        self._words = re.compile(r"(?i)\b(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\w)")

    def of(self, question: str) -> str:
        """Return the skeleton of a question, in lower case."""
        text = re.sub(r"'[^']*'", "_", question)
        text = self._words.sub("_", text)
        text = re.sub(_MONTHS, "_", text)
        text = re.sub(r"-?\d+(?:[.:-]\d+)*", "_", text)
        return re.sub(r"_(?:'s)?(?: _)+", "_", text).lower()


_MONTHS = r"\b(?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
