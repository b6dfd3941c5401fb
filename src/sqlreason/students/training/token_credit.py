"""Credit by clause: the advantage of a wrong completion falls on the tokens of the clause that is wrong.

GRPO gives every token of a completion the same advantage, a right table as much blame as the wrong filter behind it.
Here a completion's negative advantage is spread unevenly: half of it as before, half over the tokens of the clauses
that differ from the gold's and of the sentences of the plan that speak of them (`reasoning.clause_blame`). The sum over
the completion stays what it was. What is right, unreadable, or differs in no clause that can be named keeps the even
share, and so does every positive advantage: blame has a place, praise is shared.
"""

from collections.abc import Sequence

from sqlreason.reasoning.clause_blame import blamed_spans
from sqlreason.students.checkpoints.chat import Chat

#: The share of the advantage that is spread evenly over a completion.
EVEN = 0.5

#: The most that a token's share may be of the even one: a clause of three tokens in a hundred would bear 17.
MOST = 5.0


def spread(blamed: Sequence[bool]) -> list[float]:
    """Return the factor of each token's advantage; their mean is 1.

    With T tokens of which S are blamed, these get EVEN + (1 - EVEN) T / S, at most MOST, and the others what is left.

    Example:
        >>> spread([False, False, True, False])
        [0.5, 0.5, 2.5, 0.5]
        >>> spread([False, False])
        [1.0, 1.0]
    """
    tokens, hit = len(blamed), sum(blamed)
    if not hit or hit == tokens:
        return [1.0] * tokens
    within = min(MOST, EVEN + (1 - EVEN) * tokens / hit)
    without = (tokens - hit * within) / (tokens - hit)
    return [within if mark else without for mark in blamed]


def clause_factors(chat: Chat, ids: Sequence[int], gold: str) -> list[float]:
    """Return the factor of each token of a wrong completion.

    Args:
        chat: Reads the tokens.
        ids: Of the completion.
        gold: The gold query.
    """
    spans = blamed_spans(chat.read(ids), gold)
    if not spans:
        return [1.0] * len(ids)
    places = chat.token_spans(ids)
    return spread([any(start < to and begin < end for begin, to in spans) for start, end in places])
