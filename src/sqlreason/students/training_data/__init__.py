"""What the trainers and the evaluation read: kept traces, self-repairs made of them, prompts with their tasks."""
