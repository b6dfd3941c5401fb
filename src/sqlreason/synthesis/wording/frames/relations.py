"""Frames for what rows have or lack in other tables, and for rows compared with others of their table."""

# ruff: noqa: E501 - a frame is one sentence on one line, or nobody could read it

_ASK = "[Show|List|Show me|Give|Return|Find|Display|Get|Give me|I need|Retrieve]"

FRAMES: dict[str, tuple[str, ...]] = {
    "rows_without": (
        f"{_ASK} {{columns}} of {{all}}{{without}}.",
        "What are the {plurals} of [the |]{subjects}{without}?",
        f"For {{all}}{{without}}, {_ASK} {{columns}}.",
        "Which {subjects} are there{without}? [Show|Give|Return] {columns}.",
    ),
    "rows_with": (
        f"{_ASK} {{columns}} of {{all}}{{with_child}}.",
        "What are the {plurals} of [the |]{subjects}{with_child}?",
        f"For {{all}}{{with_child}}, {_ASK} {{columns}}.",
        "Which {subjects} are there{with_child}? [Show|Give|Return] {columns}.",
    ),
    "rows_with_once": (
        f"{_ASK} the [distinct|different|unique] {{plurals}} of {{all}}{{with_child}}.",
        "What are the [distinct|different|unique] {plurals} of [the |]{subjects}{with_child}?",
        f"{_ASK} {{columns}} of {{all}}{{with_child}}, without [duplicates|repetition].",
    ),
    "rows_by_parent": (
        f"{_ASK} {{columns}} of {{all}}{{of_parent}}.",
        "What are the {plurals} of [the |all |]{subjects}{of_parent}?",
        f"For {{all}}{{of_parent}}, {_ASK} {{columns}}.",
        f"{_ASK} {{columns}} for {{all}}{{of_parent}}.",
    ),
    "count_by_parent": (
        "How many {subjects} are there{of_parent}?",
        "Count {all}{of_parent}.",
        "What is the [total |]number of {subjects}{of_parent}?",
        "[Give|Find|Tell me] the [count|number] of {subjects}{of_parent}.",
    ),
    "count_with_none": (
        "How many {children} does each {subject} have{as_role}, [including|counting also] {subjects} with none? [Show|Give] the {name} and the [number|count].",
        "[Show|List] the {name} of every {subject} and the number of its {children}{as_role}, [0 for those without any|even if there are none].",
        "For [each|every] {subject}, [show|give] the {name} and the number of {children}{as_role}, including {subjects} [with none|without any].",
        "[Count|Work out] the {children} of [each|every] {subject}{as_role} and show them with the {name}; {subjects} without any [stay in|count as 0].",
    ),
    "rows_or_none": (
        "[Show|List] the {name} of [all {subjects}|every {subject}] and the {shown} of their {children}{as_role}, including {subjects} without any {children}.",
        "For every {subject}, [also those|even those] without {children}{as_role}, [show|list] the {name} and the {shown}.",
        "[List|Show] the {name} of each {subject} with the {shown}{as_role}, keeping {subjects} that have no {child}.",
    ),
    "join_itself": (
        "[Show|List|Give] the {name} of each {subject} [and|together with|beside] the {name} of its {role}.",
        "For each {subject} [that has|with] a {role}, [show|list] the {name} and the {name} of the {role}.",
        "Which {role} does each {subject} have? [Show|Give] the {name} of both, the {subject} first.",
    ),
    "join_itself_all": (
        "[Show|List|Give] the {name} of [every|each] {subject} and the {name} of its {role}, [if any|where there is one], keeping those without.",
        "For every {subject}, even without a {role}, [show|list] the {name} and the {name} of the {role}.",
        "[List|Show] all {subjects} by {name} with the {name} of their {role}, including {subjects} that have none.",
    ),
    "pair_rows": (
        "[List|Show|Find] [all|the] pairs of {subjects} with the same {group}: show both [of their |]{name}s, each pair once, the lower {key} first.",
        "[Which|What] pairs of {subjects} share the same {group}? [Show|Give] the {name} of both, the one with the smaller {key} first, each pair once.",
    ),
    "average_of_counts": (
        "What is the {fn_word} number of {children} per {role}, [counting only|among] {parents} that have some?",
        "[Count|First count] the {children} of each {role}; what is the {fn_word} of these counts?",
        "[Show|Give|Find] the {fn_word} number of {children} that a {role} with {children} has.",
    ),
    "beyond_average": (
        f"{_ASK} {{columns}} of {{all}} whose {{by}} {{is_by}} {{beyond}} the average.",
        f"{_ASK} {{columns}} of {{all}} with {{a_by}} {{by}} {{beyond}} the average [{{by}}|of all {{subjects}}|over all {{subjects}}].",
        "Which {subjects} have {a_by} {by} {beyond} the average? [Show|Give|Return] {columns}.",
        f"For {{subjects}} whose {{by}} {{is_by}} {{beyond}} average, {_ASK} {{columns}}.",
    ),
    "count_beyond_average": (
        "How many {subjects} have {a_by} {by} {beyond} the average?",
        "Count the {subjects} whose {by} {is_by} {beyond} the average [{by}|of all {subjects}].",
        "What is the number of {subjects} with {a_by} {by} {beyond} average?",
    ),
    "at_extreme": (
        f"{_ASK} {{columns}} of [all|the] {{subjects}} [that reach|with] the {{fn}} {{by}}, ties included.",
        "Which {subjects} share the {fn} {by}? [Show|Give|Return] {columns} of all of them.",
        f"{_ASK} {{columns}} of every {{subject}} whose {{by}} equals the {{fn}} {{by}} [of all|overall].",
    ),
    "extreme_of_group": (
        f"For each {{group}}, {_ASK} {{columns}} of the {{subject}} with the {{fn}} {{by}}.",
        f"{_ASK} {{columns}} of {{subjects}} that have the {{fn}} {{by}} [of|within] their {{group}}.",
        "Which {subjects} have the {fn} {by} among those with the same {group}? [Show|Give|Return] {columns}.",
        f"{_ASK} {{columns}} of [all|the] {{subjects}} whose {{by}} {{is_by}} the {{fn}} of their {{group}}.",
    ),
    "beyond_group_average": (
        f"{_ASK} {{columns}} of {{subjects}} whose {{by}} {{is_by}} {{beyond}} the average of their [own |]{{group}}.",
        "Which {subjects} have {a_by} {by} {beyond} the average {by} of {subjects} with the same {group}? [Show|Give|Return] {columns}.",
        f"{_ASK} {{columns}} of all {{subjects}} with {{a_by}} {{by}} {{beyond}} the average within the same {{group}}.",
    ),
    "same_as": (
        f"{_ASK} {{columns}} of [the |]other {{subjects}} with the same {{group}} as {{value}}.",
        "Which other {subjects} have the same {group} as {value}? [Show|Give|Return] {columns}.",
        f"{_ASK} {{columns}} of {{subjects}} that share the {{group}} of {{value}}, [leaving out|excluding] {{value}}.",
    ),
}
