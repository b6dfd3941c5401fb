"""Frames for set operations, window functions and common table expressions."""

# ruff: noqa: E501 - a frame is one sentence on one line, or nobody could read it

_ASK = "[Show|List|Show me|Give|Return|Find|Display|Get|Give me]"

FRAMES: dict[str, tuple[str, ...]] = {
    "unite_filters": (
        f"{_ASK} the {{plural}} of {{subjects}}{{where}} [together with|combined with|and] those of {{subjects}}{{second_where}}, [without duplicates|each once|in one list without duplicates].",
        "Which [different |distinct |]{plural} occur among {subjects}{where} or among {subjects}{second_where}?",
        "[Combine|Unite] the {plural} of {subjects}{where} [with|and] the {plural} of {subjects}{second_where} [into one list|in one list], [each only once|without duplicates].",
    ),
    "intersect_filters": (
        "Which {plural} occur both among {subjects}{where} and among {subjects}{second_where}?",
        f"{_ASK} the {{plural}} that [are common to|are found both for] {{subjects}}{{where}} and [for |]{{subjects}}{{second_where}}.",
        f"{_ASK} [every|each] {{column}} that has both {{subjects}}{{where}} and {{subjects}}{{second_where}}.",
    ),
    "except_filters": (
        "Which {plural} occur among {subjects}{where} but not among {subjects}{second_where}?",
        f"{_ASK} the {{plural}} of {{subjects}}{{where}}, [except|leaving out] those of {{subjects}}{{second_where}}.",
        f"{_ASK} [every|each] {{column}} that has {{subjects}}{{where}} but no {{subjects}}{{second_where}}.",
    ),
    "unite_tables": (
        f"{_ASK} in one list [all|the] {{plural}} of {{subjects}} and [all|the] {{second_plural}} of {{others}}, without duplicates.",
        f"{_ASK} every distinct value [that is|found as] {{column}} of {{a_subject}} or {{second_column}} of {{an_other}}.",
        "[Combine|Merge] the {plural} of {subjects} with the {second_plural} of {others} into one list without [duplicates|repetition].",
    ),
    "unite_tables_all": (
        f"{_ASK} in one list [all|the] {{plural}} of {{subjects}} and [all|the] {{second_plural}} of {{others}}, [keeping duplicates|duplicates included].",
        "[Append|Add] the {second_plural} of {others} to the {plural} of {subjects} in one list, [keeping|with] duplicates.",
    ),
    "keys_without": (
        f"{_ASK} the {{key}} of [all |]{{subjects}} [that do not occur|not found] among the {{children}}{{as_role}}.",
        "Which {keys} of {subjects} never occur [in|among] the {children}{as_role}?",
        f"{_ASK} the {{key}} of every {{subject}} except those that have {{children}}{{as_role}}.",
    ),
    "keys_with": (
        f"{_ASK} the {{key}} of [all |]{{subjects}} that also occur among the {{children}}{{as_role}}, each once.",
        "Which {keys} of {subjects} also occur [in|among] the {children}{as_role}?",
    ),
    "rank_rows": (
        "Rank {all} by {by}, {scale}: [show|give|list] {columns} and the {rank}.",
        f"{_ASK} {{columns}} of [each|every] {{subject}} [with|together with|and] its {{rank}} by {{by}}, {{scale}}.",
        "For [each|every] {subject}, [show|give] {columns} and the {rank} by {by}, {scale}.",
        "What {rank} does each {subject} have by {by}, {scale}? [Show|Give] {columns} and the {rank}.",
    ),
    "rank_within": (
        "Within each {group}, rank {all} by {by}, {scale}: [show|give|list] {columns} and the {rank}.",
        f"{_ASK} {{columns}} of [each|every] {{subject}} with its {{rank}} by {{by}} within [its|the] {{group}}, {{scale}}.",
        "For [each|every] {subject}, [show|give] {columns} and the {rank} by {by} among {subjects} with the same {group}, {scale}.",
    ),
    "running_total": (
        f"{_ASK} {{columns}} of [each|every] {{subject}} and the running total of the {{column}} [in order of|by] {{date}}.",
        "[How does the {column} add up over time?|Let the {column} add up over time.] [Show|Give] {columns} and the [running|cumulative] sum of the {column} by {date}.",
        "For [each|every] {subject}, [show|give] {columns} and the cumulative {column} up to [that|its] {date}.",
    ),
    "beside_group": (
        f"{_ASK} {{columns}} of [each|every] {{subject}} [beside|next to|together with|and] {{group_value}} of [its|the same] {{group}}.",
        "For [each|every] {subject}, [show|give|list] {columns} and {group_value} of all {subjects} with the same {group}.",
        f"{_ASK} {{columns}} of {{all}}, and in each row {{group_value}} within the {{group}}.",
    ),
    "top_within": (
        "For [each|every] {group}, find the {how_many} with the {peak} and [show|give|list] {columns}.",
        f"{_ASK} {{columns}} of the {{how_many}} with the {{peak}} in [each|every] {{group}}.",
        "Which {how_many} {has} the {peak} in each {group}? [Show|Give|Return] {columns}.",
    ),
    "previous_value": (
        f"{_ASK} {{columns}} of [each|every] {{subject}} and the {{column}} of the [previous|preceding] {{subject}} by {{date}}.",
        "For [each|every] {subject} in order of {date}, [show|give] {columns} and the {column} of the one before.",
    ),
    "groups_beyond": (
        "First [compute|work out|find] {measure} [for each|per] {group}; then [list|show] the {group} and [that value|the result] where it is {compared}.",
        "In two steps: [compute|work out] {measure} per {group}, then keep only {group_plural} where it is {compared}. Show both.",
        "Using {measure} per {group} as a first step, [list|show] each {group} and its value if {compared}.",
    ),
    "groups_beyond_average": (
        "Which {group_plural} have {a_value} {beyond} the average over all {group_plural}? Show the {group} and the value.",
        "First [compute|work out] {measure} [for each|per] {group}; then [list|show] the {group} and the value where it is {beyond} the average of these values.",
        "[List|Show] each {group} and {measure} if that is {beyond} the average over all {group_plural}.",
    ),
    "group_selection": (
        "[Take|Consider|Select] only the {subjects}{where}; among them, what is {measure} [for each|per] {group}?",
        "First select the {subjects}{where}, then [show|give|list] the {group} and {measure} [for each|per] {group}.",
        "From a selection of {subjects}{where}, [show|compute|give] {measure} [for each|per|by] {group}.",
    ),
    "join_counts": (
        "First [compute|work out] {child_value} of each {role}; then [show|list] the {name} of each {subject} with that value.",
        "For each {subject} that has {children}{as_role}, [show|give|list] the {name} and {child_value}, computed first.",
        "In two steps, [compute|find] {child_value} per {role}, then [show|list] it [beside|after] the {name} of the {subject}.",
    ),
    "join_counts_beyond": (
        "First count the {children} of each {role}; then [show|list] the {name} and the count of {subjects} with more than {bound}.",
        "For {subjects} with more than {bound} {children}{as_role}, [show|give|list] the {name} and the number of {children}, counted first.",
        "In two steps, count the {children} per {role}, then [show|list] the {name} of each {subject} and the count where it is above {bound}.",
    ),
}
