"""Numbers of things in sentences."""


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: `1 question`, `1,034 questions`.

    Args:
        number: How many there are.
        one: The noun for one of them, and what else stands otherwise for one: `question is`.
        many: Likewise for several; "" adds an s.
    """
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
