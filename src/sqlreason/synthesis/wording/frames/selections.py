"""Frames for rows of one table. `[a|b]` offers a choice; slots in braces are filled by `wording`."""

# ruff: noqa: E501 - a frame is one sentence on one line, or nobody could read it

_ASK = "[Show|List|Show me|Give|Return|Find|Display|Get|Give me|I need|Retrieve|Please list]"

FRAMES: dict[str, tuple[str, ...]] = {
    "select_columns": (
        f"{_ASK} {{columns}} [of|of|for] {{all}}{{where}}{{order}}.",
        f"{_ASK} {{columns}} [of|of|for] {{all}}{{where}}{{order}}.",
        "What [is|is] {columns} of [each|each|every] {subject}{where}{order}?",
        "What are the {plurals} of [the |all |all the |]{subjects}{where}{order}?",
        f"For {{all}}{{where}}, {_ASK} {{columns}}{{order}}.",
        f"For [each|every] {{subject}}{{where}}, {_ASK} {{columns}}{{order}}.",
        f"{_ASK} {{all}}{{where}} with {{their}} {{bare}}{{order}}.",
        "Which {subjects} are there{where}? [Show|List|Give] {columns}{order}.",
    ),
    "select_all": (
        f"{_ASK} [all details|everything we know|all columns|the full records|all information|all data] [of|for|on|about] {{all}}{{where}}{{order}}.",
        f"{_ASK} [the complete|the full] [rows|entries|records] of {{all}}{{where}}{{order}}.",
        "[What do we know|What is stored|What is on record] about {all}{where}{order}?",
        "[Show|Give|Return] every column for {all}{where}{order}.",
        "For {all}{where}, [show|return|list] every column{order}.",
    ),
    "select_distinct": (
        "[What|Which] [different|distinct|unique] {plurals} [are there|occur|appear|are found] among {all}{where}?",
        "[List|Show|Give|Return] the [different|distinct|unique] {plurals} of {all}{where}.",
        "[List|Show|Find] all [distinct|different|unique] {plurals} [found|that occur] among {subjects}{where}.",
        "[List|Show|Give] {columns} of {all}{where}, without [duplicates|repetition].",
        "[List|Give] {columns} of {all}{where}, each [only |]once.",
        "Among {all}{where}, which [distinct|different] {plurals} [occur|appear|exist]?",
    ),
    "select_superlative": (
        "What is {columns} of the {one}{where}{extreme}?",
        "[Show|Give|Find|Return|Get] {columns} of the {one}{where}{extreme}.",
        "Which {top}{where} {has} the {peak}? [Show|Give|Return] {columns}.",
        "[Find|Look up] the {one}{where}{extreme} and [show|return|give] {columns}.",
        "For the {one}{where}{extreme}, [show|give|return] {columns}.",
        "[Sort|Order] {all}{where} by {by} {direction} and [show|return|give] {columns} of the first {n}.",
    ),
    "select_label": (
        "[Show|List|Give] the {name} of {all}{where} [and|together with] [the label|] '{yes}' [if|where|when] the {by} is [at least {bound}|{bound} or more], [otherwise|else] '{no}'.",
        "For [each|every] {subject}{where}, [show|list] the {name} and [label it|say] '{yes}' when the {by} is [at least {bound}|{bound} or higher] and '{no}' otherwise.",
        "[List|Show] the {name} of [each|every] {subject}{where}, labelled '{yes}' for {a_by} {by} of [at least {bound}|{bound} or more] and '{no}' for less.",
        "[Classify|Label] {all}{where}: show the {name}, and '{yes}' if the {by} is [{bound} or more|at least {bound}], else '{no}'.",
    ),
    "find_by_key": (
        "What is {columns} of the {subject} with {key} {value}?",
        f"{_ASK} {{columns}} of the {{subject}} [whose {{key}} is|with the {{key}}|with {{key}}] {{value}}.",
        "[Look up|Find] the {subject} with {key} {value} and [show|return|give] {columns}.",
        "For {subject} [number |no. |]{value}, [show|give|return] {columns}.",
        "[For|In the case of] the {subject} [with|having] {key} {value}, what is {columns}?",
    ),
}
