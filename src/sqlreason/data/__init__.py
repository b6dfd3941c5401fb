"""Question tables: their columns, where they come from, and how they are split."""
