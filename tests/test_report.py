import re
from html.parser import HTMLParser
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from sqlreason.reporting import figures
from sqlreason.reporting.comparison import by_complexity, compare_students
from sqlreason.reporting.findings import findings, reservations
from sqlreason.reporting.report import render_report, summary_table

FACTS = {"teacher": "script", "teacher_scripted": True, "demo": True}


def scores(rate: float, seed: int, n: int = 150, **columns) -> pd.DataFrame:
    agrees = np.random.default_rng(seed).random(n) < rate
    frame = {
        "id": [f"q{i}" for i in range(n)],
        "well_formed": [rate > 0] * n,
        "runs": agrees | (np.arange(n) % 3 == 0),
        "agrees": agrees,
        "status": np.where(agrees, "match", "mismatch"),
        "reason": "",
        "plan_consistency": 0.8 if rate else np.nan,
        "tokens": 70,
        "seconds": 0.4,
        "finished": True,
        "sql_complexity": np.resize(["basic SQL", "aggregation", "single join", "subqueries"], n),
    }
    return pd.DataFrame(frame | columns)


def students() -> dict[str, pd.DataFrame]:
    sft = scores(0.45, 1)
    flipped = np.isin(np.arange(len(sft)), range(0, 150, 9))  # some gained, some lost
    grpo = sft.assign(agrees=sft["agrees"] ^ flipped)
    return {"base": scores(0.0, 0), "sft": sft, "grpo": grpo}


EXAMPLES = pd.DataFrame(
    {
        "student": ["grpo", "grpo"],
        "question": ["Which cities have more than 3 <shops>?", "What is the mean price per category?"],
        "think": ["Group the rows of shops by city & count.", "Average price over the products table."],
        "sql": [
            "SELECT city FROM shops GROUP BY city HAVING COUNT(*) > 3",
            "SELECT AVG(price) FROM products",
        ],
        "gold_sql": [
            "SELECT city FROM shops GROUP BY city HAVING COUNT(*) > 3",
            "SELECT category, AVG(price) FROM products GROUP BY category",
        ],
        "agrees": [True, False],
        "kind": ["gained", "both wrong"],
        "reason": ["", "1 column instead of 2"],
    }
)
LEDGER = pd.DataFrame(
    {
        "stage": ["distillation", "sft"],
        "tokens_in": [1200, 0],
        "cost": [2.9, 1.1],
        "estimated": [3.25, None],
        "cost_per_trace": [0.0125, None],
        "seconds": [None, 95.0],
    }
)
YIELDS = pd.DataFrame({"step": ["written", "well formed", "runs", "agrees"], "rows": [1200, 1180, 1100, 874]})


def page(**changes) -> str:
    asked = students()
    metrics, breakdown = compare_students(asked), by_complexity(asked)
    history = pd.DataFrame({"step": range(1, 64), "loss": np.geomspace(2.4, 0.5, 63)})
    rollouts = pd.DataFrame({"step": range(1, 61), "reward": np.linspace(0.4, 0.52, 60)})
    rollouts["kl"] = np.linspace(0, 0.02, 60)
    rollouts["rewards/execution/mean"] = rollouts["reward"] - 0.1
    rollouts["rewards/format/mean"] = 0.1
    given = {
        "metrics": metrics,
        "by_complexity": breakdown,
        "ledger": LEDGER,
        "facts": FACTS
        | {
            "run": "2026-11-22T13.00.00",
            "environment": "demo",
            "base_model": "tiny",
            "seconds": {"distillation": 12.5, "sft": 95.0, "grpo": 170.2},
            "versions": {"torch": "2.13.0", "trl": "1.14.2"},
            "data": [{"source": "embedded schemas", "rows": 1200, "licence": "Apache-2.0"}],
        },
        "examples": EXAMPLES,
        "figures": {
            "accuracy": figures.accuracy(metrics),
            "accuracy_by_complexity": figures.accuracy_by_complexity(breakdown),
            "sft_loss": figures.training_loss(history),
            "grpo_rewards": figures.grpo_rewards(rollouts),
            "trace_yield": figures.trace_yield(YIELDS),
            "costs": figures.costs(LEDGER),
        },
        "yields": YIELDS,
    }
    return render_report(**(given | changes))


class Outline(HTMLParser):
    """Collects what a page loads, and checks that its elements are closed in order."""

    VOID = frozenset({"meta", "link", "br", "img", "hr", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.open, self.scripts, self.loaded = [], 0, []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.scripts += tag == "script"
        self.loaded += [given[key] for key in ("src", "href") if key in given]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def without_scripts(html: str) -> str:
    return re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)


def test_the_page_loads_nothing_from_elsewhere_and_holds_plotly_once():
    html = page()
    outline = Outline()
    outline.feed(html)
    assert outline.loaded == []
    assert outline.open == []
    assert outline.scripts == 1 + 6  # plotly.js itself, and one call per figure
    assert html.count("plotly.js v") <= 2  # its banner and no second copy
    assert "url(" not in without_scripts(html)


def test_the_page_follows_the_readers_light_or_dark_setting_and_a_phones_width():
    html = without_scripts(page())
    assert "prefers-color-scheme: dark" in html
    assert "width=device-width" in html


def test_the_page_shows_every_student_with_interval_difference_and_p():
    html = without_scripts(page())
    row = compare_students(students()).set_index("student").loc["sft"]
    assert f"{100 * row['accuracy']:.1f} %" in html
    assert f"{100 * row['accuracy_low']:.1f} … {100 * row['accuracy_high']:.1f}" in html
    assert "&lt; 0.001" in html


def test_texts_of_models_are_escaped():
    html = page()
    assert "more than 3 &lt;shops&gt;?" in html
    assert "<shops>" not in html


def test_examples_are_shown_in_the_given_order_with_the_reason_beside_the_wrong_ones():
    html = without_scripts(page())
    assert "grpo: agrees (gained)" in html
    assert '<p class="reason">1 column instead of 2</p>' in html
    assert html.index("Which cities") < html.index("What is the mean price")


@pytest.mark.parametrize(
    ("needed", "told"),
    [
        (951, "950 questions show a difference of this size in four of five evaluations; 1,000 were asked, and"),
        (1000, "1,000 questions show a difference of this size in four of five"),
        (1049, "About 1,049 questions would be needed to show a difference of this size (80 % power); 1,000 were"),
        (2345, "About 2,300 questions would be needed"),
    ],
)
def test_questions_that_were_too_few_are_not_rounded_to_enough(needed, told):
    metrics = compare_students(students()).assign(shown=False, questions_needed=float(needed), n=1000)
    assert told in " ".join(findings(metrics))


def test_the_bill_and_the_durations_end_with_a_total():
    html = without_scripts(page())
    (total,) = re.findall(r"<tr><td class=\"\">total</td>(.*?)</tr>", html.split("The bill")[1].split("</table>")[0])
    # an estimate is of the teacher alone, and dollars a trace add up to nothing
    assert re.findall(r">([^<>]+)</td>", total) == ["1,200", "4.00", "—", "—", "95.00"]
    assert "277.70" in html


def test_a_run_without_bill_examples_or_figures_still_renders():
    html = page(
        ledger=pd.DataFrame({"stage": [], "cost": []}),
        examples=EXAMPLES.head(0),
        figures={},
        facts=FACTS,
        yields=None,
    )
    assert "Nothing was bought." in html
    assert "<h2>Examples" not in html


def test_an_unknown_or_missing_fact_is_refused_because_it_could_hide_a_reservation():
    with pytest.raises(ValueError, match=r"unknown \['teacher_skripted'\], missing \['teacher_scripted'\]"):
        page(facts={"teacher": "x", "demo": False, "teacher_skripted": True})


def test_examples_without_a_gold_query_are_refused():
    with pytest.raises(ValueError, match=r"lack the columns \['gold_sql'\]"):
        page(examples=EXAMPLES.drop(columns="gold_sql"))


def test_a_shown_difference_is_stated_and_an_unshown_one_is_called_unshown():
    text = " ".join(findings(compare_students(students())))
    assert re.search(r"sft answers \d+\.\d points more than base", text)
    assert "Between grpo and sft no difference was shown" in text
    assert "the interval contains 0" in text
    assert "150 were asked" in text
    assert "not corrected for 2 comparisons" in text


def test_a_difference_whose_interval_leaves_out_0_still_needs_the_exact_test():
    before = scores(0.5, 1)
    gains = before[~before["agrees"]].index[:5]
    after = before.assign(agrees=before["agrees"] | before.index.isin(gains))
    text = " ".join(findings(compare_students({"sft": before, "grpo": after})))
    assert "no difference was shown: +3.3 points, and the exact test does not confirm it" in text


def test_a_loss_is_stated_as_plainly_as_a_gain():
    worse = {"sft": scores(0.8, 1), "grpo": scores(0.2, 2)}
    assert any("points fewer than sft" in sentence for sentence in findings(compare_students(worse)))


def test_students_that_never_disagree_are_said_to_be_right_on_the_same_questions():
    same = scores(0.5, 4)
    assert "grpo and sft are right on the same questions: no difference was shown" in " ".join(
        findings(compare_students({"sft": same, "grpo": same}))
    )


def test_gains_that_equal_losses_get_no_number_of_questions():
    left = scores(0.0, 0, n=4, agrees=[True, False, True, False])
    right = scores(0.0, 0, n=4, agrees=[False, True, True, False])
    text = " ".join(findings(compare_students({"sft": left, "grpo": right})))
    assert "no number of questions would show a difference of 0" in text


def test_timeouts_and_cut_off_answers_are_named():
    slow = scores(0.5, 5, status="timeout", finished=False)
    text = " ".join(findings(compare_students({"base": slow})))
    assert "ran into the time limit" in text
    assert "were cut off before they ended" in text


def test_few_questions_are_called_few_and_many_are_not():
    few, many = (" ".join(findings(compare_students({"base": scores(0.5, 6, n=n)}))) for n in (50, 400))
    assert "50 questions are few: at 50 % the interval is about ±14 points" in few
    assert "are few" not in many


@pytest.mark.parametrize(("scripted", "demo", "sentences"), [(True, True, 2), (False, True, 1), (False, False, 0)])
def test_reservations_are_made_only_where_they_apply(scripted, demo, sentences):
    assert len(reservations(scripted, demo)) == sentences


def test_the_scripted_teacher_and_the_demo_are_declared_on_the_page():
    html = without_scripts(page())
    assert "The teacher is scripted" in html
    assert "say nothing about real databases" in html


def test_the_terminal_table_keeps_within_a_hundred_columns():
    table = summary_table(compare_students({"a" * 40: scores(0.4, 8), "sft": scores(1.0, 9)}))
    lines = table.splitlines()
    assert len(lines) == 4
    assert max(map(len, lines)) <= 100
    assert "100.0 %" in lines[3] and "< 0.001" in lines[3]


def test_the_training_example_is_shown_as_the_page_that_it_is():
    shown = '<!doctype html>\n<p title="1 EOS">&lt;sql&gt; "a" \'b\'</p>'

    class Frames(HTMLParser):
        pages: ClassVar[list[str]] = []

        def handle_starttag(self, tag, attrs):
            self.pages += [dict(attrs)["srcdoc"]] if tag == "iframe" else []

    Frames().feed(page(tokens_page=shown))
    assert Frames.pages == [shown]
    assert "<iframe" not in without_scripts(page())


@pytest.mark.parametrize(
    "text",
    ["\x00\x08", "\r", "\u2028\u2029\x85", "\ufeff\ufffe", "\u202e\u0301", "\U0001f600\U0010ffff", "]]>--></script>"],
)
def test_whatever_unicode_an_answer_holds_the_page_is_whole_and_can_be_saved(text, tmp_path):
    odd = EXAMPLES.map(lambda cell: f"{text}{cell}" if isinstance(cell, str) else cell).assign(kind=EXAMPLES["kind"])
    (tmp_path / "report.html").write_text(page(examples=odd), encoding="utf-8")
    outline = Outline()
    outline.feed((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert outline.open == [] and outline.loaded == []
