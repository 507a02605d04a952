"""What gradient_check.py needs to know: formulas, trials of a method, and common mistakes."""
