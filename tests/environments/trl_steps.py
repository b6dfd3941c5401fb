"""Two steps of TRL's GRPO in which the tiny student looks at a database with tools: for a test and for a benchmark.

The student as it is has never seen a tool, and its template renders none. So it gets a template that does, and learns
one conversation by heart first; sampled from then on, it calls tools as that conversation does, or nearly.
"""

import os
import warnings
from pathlib import Path
from typing import Any

CONTEXT = "CREATE TABLE users (name TEXT, age INT); INSERT INTO users VALUES ('Ada', 36), ('Bob', 20), ('Cy', 41)"
GOLD = "SELECT name FROM users WHERE age > 30"
PROMPT = [{"role": "user", "content": "Who is over 30?"}]
TEMPLATE = """{{ bos_token }}{% if tools %}<|start_header_id|>system<|end_header_id|>

{% for tool in tools %}{{ tool.function.name }} {% endfor %}<|eot_id|>{% endif %}{% for message in messages %}\
<|start_header_id|>{{ message.role }}<|end_header_id|>

{% if message.tool_calls %}{% set call = message.tool_calls[0].function %}{"name": "{{ call.name }}", "parameters": \
{{ call.arguments | tojson }}}{% else %}{{ message.content }}{% endif %}<|eot_id|>{% endfor %}\
{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>

{% endif %}"""


def train_two_steps(student: Path, by_heart: int = 24) -> dict[str, Any]:
    """Teach the student to call tools, train it for two steps, and return what happened.

    Args:
        student: Folder of the tiny student.
        by_heart: Steps in which it learns the conversation.
    """
    import tempfile

    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import GRPOConfig, GRPOTrainer
    from trl.chat_template_utils import llama3_template

    from sqlreason.environments.session import SessionFactory
    from sqlreason.environments.trl_environment import SqlEnvironment

    torch.manual_seed(0)
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(student)
    tokenizer.chat_template, tokenizer.response_template = TEMPLATE, llama3_template
    model = AutoModelForCausalLM.from_pretrained(student, dtype=torch.float32)
    seen: list[SqlEnvironment] = []

    with tempfile.TemporaryDirectory() as folder, SessionFactory("execution") as sessions, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the interface is experimental, as TRL says
        os.environ["TRL_EXPERIMENTAL_SILENCE"] = "1"

        def environment() -> SqlEnvironment:
            seen.append(SqlEnvironment(sessions))
            return seen[-1]

        loss = _learn_by_heart(model, tokenizer, SqlEnvironment(sessions), by_heart)
        row = {"prompt": PROMPT, "question": PROMPT[0]["content"], "sql_context": CONTEXT, "gold_sql": GOLD}
        arguments = GRPOConfig(
            output_dir=folder, max_steps=2, per_device_train_batch_size=4, num_generations=4, learning_rate=1e-4,
            max_completion_length=220, max_tool_calling_iterations=4, temperature=1.1, logging_steps=1, beta=0.0,
            report_to=[], save_strategy="no", use_cpu=True, bf16=False, disable_tqdm=True,
        )  # fmt: skip
        trainer = GRPOTrainer(
            model, args=arguments, train_dataset=Dataset.from_list([row] * 4), processing_class=tokenizer,
            environment_factory=environment,
        )  # fmt: skip
        trainer.train()
        logs = [log for log in trainer.state.log_history if "reward" in log]
        calls = [call for one in seen if one.session is not None for call in one.session.calls]
    return {
        "steps": trainer.state.global_step,
        "loss by heart": round(loss, 3),
        "rewards": [round(log["reward"], 3) for log in logs],
        "calls of tools": [round(log.get("tools/call_frequency", 0.0), 3) for log in logs],
        "gradients": [round(log["grad_norm"], 3) for log in logs],
        "environments": len(seen),
        "last episodes": [f"{call.tool}{' failed' * call.failed}" for call in calls],
    }


def _learn_by_heart(model: Any, tokenizer: Any, environment: Any, steps: int) -> float:
    """Train on the one conversation, in which the environment itself answers; return the last loss."""
    import torch
    from transformers.utils import get_json_schema

    environment.reset(question="", sql_context=CONTEXT, gold_sql=GOLD)
    wanted = [("list_tables", {}), ("run_sql", {"query": "SELECT * FROM users"}), ("submit", {"query": GOLD})]
    told: list[dict[str, Any]] = list(PROMPT)
    for name, arguments in wanted:
        call = {"type": "function", "function": {"name": name, "arguments": arguments}}
        told.append({"role": "assistant", "content": "", "tool_calls": [call]})
        told.append({"role": "tool", "name": name, "content": getattr(environment, name)(**arguments)})
    told.append({"role": "assistant", "content": "done"})
    tools = [
        get_json_schema(getattr(environment, name)) for name in ("describe_table", "list_tables", "run_sql", "submit")
    ]
    text = tokenizer.apply_chat_template(told, tools=tools, tokenize=False)
    ids = tokenizer(text, return_tensors="pt", add_special_tokens=False).input_ids
    optimizer, loss = torch.optim.AdamW(model.parameters(), lr=2e-3), torch.tensor(0.0)
    for _ in range(steps):
        loss = model(ids, labels=ids).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    return float(loss)
