"""Sentence frames for the questions, one module a family of shapes."""
