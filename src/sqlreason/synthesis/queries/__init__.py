"""Shapes of queries, one module a family: each shape draws a draft from a context or gives up as unsuitable."""
