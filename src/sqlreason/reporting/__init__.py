"""What a person reads at the end: the report, its figures and findings, comparisons with intervals, and the bill."""
