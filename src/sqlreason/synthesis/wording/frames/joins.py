"""Frames for rows seen together with rows of other tables. Slots and choices as in `selections`."""

_ASK = "[Show|List|Show me|Give|Return|Find|Display|Get|Give me|I need|Retrieve]"

FRAMES: dict[str, tuple[str, ...]] = {
    "join_rows": (
        f"{_ASK} {{columns}} [of|for] {{all}}{{where}}{{order}}.",
        f"For [each|every] {{subject}}{{where}}, {_ASK} {{columns}}{{order}}.",
        f"{_ASK} {{columns}} for [each|every] {{subject}}{{where}}{{order}}.",
        "What is {columns} [of|for] [each|every] {subject}{where}{order}?",
        f"For {{all}}{{where}}, {_ASK} {{columns}}{{order}}.",
    ),
}
