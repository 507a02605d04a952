"""Checks of a student's model.py: `load` brings it in, `run` checks its methods."""

from support.gradient_check.report import run
from support.gradient_check.source import load

__all__ = ["load", "run"]
