"""Base models and adapters: files, architecture, tokens, chat templates."""
