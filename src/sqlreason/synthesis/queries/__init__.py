"""Shapes of queries, one module a family: each shape draws a draft from a scene or gives up as unsuitable."""
