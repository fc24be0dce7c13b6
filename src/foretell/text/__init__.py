"""Texts: classified, translated, and written on, character by character.

The names are imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foretell.text.classification.kind import LabelledTable
    from foretell.text.classification.model import TextClassifier
    from foretell.text.classification.settings import ClassifierSettings
    from foretell.text.classification.table import LabelledTexts
    from foretell.text.language_model.dynamic import DynamicSettings
    from foretell.text.language_model.kind import TextFile
    from foretell.text.language_model.model import LanguageModel
    from foretell.text.language_model.reading import hold_out, read_text
    from foretell.text.language_model.settings import LanguageSettings
    from foretell.text.translation.bleu import Bleu, bleu
    from foretell.text.translation.kind import ParallelTexts
    from foretell.text.translation.model import Translator
    from foretell.text.translation.pairs import Pairs, read_pairs, read_table_pairs
    from foretell.text.translation.settings import TranslatorSettings
    from foretell.text.vocabulary import Vocabulary

_HOMES = {
    "LabelledTable": "classification.kind",
    "LabelledTexts": "classification.table",
    "ParallelTexts": "translation.kind",
    "TextFile": "language_model.kind",
    "Bleu": "translation.bleu",
    "ClassifierSettings": "classification.settings",
    "DynamicSettings": "language_model.dynamic",
    "LanguageModel": "language_model.model",
    "LanguageSettings": "language_model.settings",
    "Pairs": "translation.pairs",
    "TextClassifier": "classification.model",
    "Translator": "translation.model",
    "TranslatorSettings": "translation.settings",
    "Vocabulary": "vocabulary",
    "bleu": "translation.bleu",
    "hold_out": "language_model.reading",
    "read_pairs": "translation.pairs",
    "read_table_pairs": "translation.pairs",
    "read_text": "language_model.reading",
}

__all__ = [
    "Bleu",
    "ClassifierSettings",
    "DynamicSettings",
    "LabelledTable",
    "LabelledTexts",
    "LanguageModel",
    "LanguageSettings",
    "Pairs",
    "ParallelTexts",
    "TextClassifier",
    "TextFile",
    "Translator",
    "TranslatorSettings",
    "Vocabulary",
    "bleu",
    "hold_out",
    "read_pairs",
    "read_table_pairs",
    "read_text",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
