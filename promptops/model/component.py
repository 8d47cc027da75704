from __future__ import annotations

from enum import StrEnum


class Component(StrEnum):
    """What of an application can be evaluated, and exchanged, by itself."""

    RETRIEVER = "retriever"
    PROMPT = "prompt"
    MODEL = "model"
