"""How the demo's student was made, from scratch; imported by nothing in `src/` (see README.md)."""
