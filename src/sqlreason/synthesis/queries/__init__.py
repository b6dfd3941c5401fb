"""Questions by family, one module each: every kind with its weight, its sentences and the SQL that they ask for."""
