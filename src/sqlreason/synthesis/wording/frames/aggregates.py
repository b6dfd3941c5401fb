"""Frames for counts and aggregates, over one table or over a join. Slots and choices as in `selections`."""

# ruff: noqa: E501 - a frame is one sentence on one line, or nobody could read it

_SHOW = "[Show|List|Give|Return|Compute|Report|Calculate|Find|Give me|Determine]"

FRAMES: dict[str, tuple[str, ...]] = {
    "count_rows": (
        "How many {subjects} [are there|do we have|exist]{where}?",
        "How many {subjects} are there{where}?",
        "[Count|Count] {all}{where}.",
        "What is the [number|total number|count] of {subjects}{where}?",
        "[Give|Return|Find|Show|Tell me] the [number|total number|count] of {subjects}{where}.",
        "[Find out|Determine|Work out] how many {subjects} there are{where}.",
    ),
    "aggregate_rows": (
        "What is {measure} of {all}{where}?",
        "What is {measure} [for|across|over|among] {all}{where}?",
        f"{_SHOW} {{measure}} [of|for|across|over] {{all}}{{where}}.",
        "[For|Among|Considering only] {the_all}{where}, what is {measure}?",
        f"[For|Over] {{the_all}}{{where}}, {_SHOW} {{measure}}.",
        "[I need|I want to know|Tell me] {measure} of {all}{where}.",
    ),
    "aggregate_twice": (
        "What are {measures} [of|for|across|over] {all}{where}?",
        f"{_SHOW} {{measures}} [of|for|across] {{all}}{{where}}.",
        "[For|Among] {the_all}{where}, what are {measures}?",
        f"[For|Over] {{the_all}}{{where}}, {_SHOW} {{measures}}.",
    ),
    "count_distinct": (
        "How many [different|distinct|unique] {plural} [are there|occur|exist|appear] among {all}{where}?",
        "What is the number of [different|distinct|unique] {plural} [among|of] {all}{where}?",
        "[Among|For] {all}{where}, how many [distinct|different|unique] {plural} are there?",
    ),
    "count_known": (
        "[For how many|For how many of the] {subjects}{where} is a {column} [recorded|known|given|on record]?",
        "How many {subjects}{where} have a {column} [recorded|on record|filled in]?",
        "Count the {subjects}{where} [that have a known|with a recorded] {column}.",
        "What is the number of {subjects}{where} [with a known|for which there is a] {column}?",
    ),
    "aggregate_groups": (
        "What is {measures} [for each|per|by|for every] {group}{of_where}{order}?",
        f"{_SHOW} the {{group}} and {{measures}} [for each {{group}}|per {{group}}|in each group]{{of_where}}{{order}}.",
        f"For [each|every] {{group}}{{of_where}}, {_SHOW} the {{group}} and {{measures}}{{order}}.",
        f"{_SHOW} {{measures}} [for each|per|by|for every|grouped by] {{group}}{{of_where}}, with the {{group}} first{{order}}.",
        "Group {all}{where} by {group} and [show|give|return|list] the {group} and {measures}{order}.",
        "Per {group}, what is {measures}{of_where}{order}?",
        "[Show|List|Report] each {group} [together with|along with] {measures}{of_where}{order}.",
    ),
    "filter_groups": (
        "[Which|What] {group_plural} have {having}{of_where}?",
        "[List|Show|Find|Return] the {group_plural} [with|that have] {having}{of_where}.",
        "For which {group_plural} is {measure} {compared}{of_where}?",
        "[List|Show|Find] [each|every] {group} [for which|where] {measure} is {compared}{of_where}.",
    ),
    "filter_groups_shown": (
        "[Which|What] {group_plural} have {having}{of_where}? [Show|Give|Return] the {group} and {measure}.",
        "[List|Show|Find|Return] the {group} and {measure} for [every|each] {group} with {having}{of_where}.",
        "[Show|List|Give] each {group} [with|and] {measure}{of_where}, but only where it is {compared}.",
        "For {group_plural} with {having}{of_where}, [show|list] the {group} and {measure}.",
    ),
    "top_groups": (
        "[Which|What] {top_group} {has} the {peak}{of_where}?",
        "[Show|Find|Name|Give|Return] the {top_group} with the {peak}{of_where}.",
        "What {is} the {top_group} with the {peak}{of_where}?",
    ),
    "top_groups_shown": (
        "[Which|What] {top_group} {has} the {peak}{of_where}? [Show|Give|Return] the {group} and {measure}.",
        "[Show|Find|List|Give] the {top_group} with the {peak}{of_where}, together with {measure}.",
        "[Show|Return|Give] the {group} and {measure} for the {top_group} with the {peak}{of_where}.",
    ),
    "count_cases": (
        "How many {subjects}{where} have {group} {first} and how many have {second}?",
        "[Count|Count side by side] the {subjects}{where} with {group} {first} and those with {group} {second}.",
        "[Show|Give|Return] in one row the number of {subjects}{where} with {group} {first} and the number with {group} {second}.",
        "[Compare|Report] how many {subjects}{where} have the {group} {first} and how many the {group} {second}.",
    ),
    "aggregate_years": (
        "What is {measure} [for each|per|in each] year of the {date}{of_where}?",
        "[Show|Give|Return|List] the year of the {date} and {measure} [for each|per] year{of_where}.",
        "For each year of the {date}, [show|give|list] the year and {measure}{of_where}.",
        "[By|Per] year of the {date}, what is {measure}{of_where}?",
    ),
}
