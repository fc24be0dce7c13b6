"""Texts: classified, translated, and written on, character by character.

The names are imported when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from foretell.on_first_use import on_first_use

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

__getattr__, __dir__ = on_first_use(
    __name__,
    {
        "classification.kind": "LabelledTable",
        "classification.model": "TextClassifier",
        "classification.settings": "ClassifierSettings",
        "classification.table": "LabelledTexts",
        "language_model.dynamic": "DynamicSettings",
        "language_model.kind": "TextFile",
        "language_model.model": "LanguageModel",
        "language_model.reading": "hold_out read_text",
        "language_model.settings": "LanguageSettings",
        "translation.bleu": "Bleu bleu",
        "translation.kind": "ParallelTexts",
        "translation.model": "Translator",
        "translation.pairs": "Pairs read_pairs read_table_pairs",
        "translation.settings": "TranslatorSettings",
        "vocabulary": "Vocabulary",
    },
)
