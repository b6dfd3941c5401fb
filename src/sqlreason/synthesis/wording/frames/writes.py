"""Frames for statements that change rows."""

FRAMES: dict[str, tuple[str, ...]] = {
    "insert_row": (
        "[Add|Insert|Store|Record|Enter] a new {subject} with {given}.",
        "[Add|Insert|Enter] {a_subject} [with|that has] {given}.",
        "There is a new {subject}: {given}. [Add it|Insert it|Store it].",
        "[Insert|Add] into the {subjects} [one|a row] with {given}.",
    ),
    "update_value": (
        "[Set|Change|Update] the {column} of {changed} to {to}.",
        "[Set|Change|Update] the {column} to {to} for {changed}.",
        "For {changed}, [set|change|update] the {column} to {to}.",
        "The {column} of {changed} should be {to}; [update it|change it|correct it].",
    ),
    "update_flag": (
        "Set the {flag} flag of {changed} to {to_flag}.",
        "[Change|Update] the {flag} flag to {to_flag} for {changed}.",
        "For {changed}, set the {flag} flag to {to_flag}.",
    ),
    "clear_value": (
        "[Clear|Erase|Empty] the {column} of {changed}.",
        "Set the {column} of {changed} to NULL.",
        "For {changed}, [clear|erase] the {column}.",
    ),
    "update_shift": (
        "{Raise} the {column} of {changed} by {amount}.",
        "{Raise} the {column} by {amount} for {changed}.",
        "For {changed}, {raise} the {column} by {amount}.",
    ),
    "update_percent": (
        "{Raise} the {column} of {changed} by {amount} [percent|%].",
        "{Raise} the {column} by {amount} [percent|%] for {changed}.",
        "For {changed}, {raise} the {column} by {amount} percent.",
    ),
    "delete_rows": (
        "[Delete|Remove|Erase] {changed}.",
        "[Delete|Remove] {changed} from the [database|data].",
        "[Please delete|Please remove|Get rid of] {changed}.",
    ),
    "delete_by_parent": (
        "[Delete|Remove|Erase] [all |all the |the |]{subjects}{of_parent}.",
        "[Please delete|Please remove|Get rid of] all {subjects}{of_parent}.",
    ),
}
