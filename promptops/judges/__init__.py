"""Judges looked at from outside: whether their questions can be answered alike by two people."""
