"""Abbreviations of each language."""

from __future__ import annotations

import pytest

from foretell.speech.text.abbreviations import abbreviations


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Dr. Smith and Mrs. Lee, e.g. at 5 p.m.", "en", "Doctor Smith and Missus Lee, for example at 5 PM."),
        ("St. John lives in Main St. now", "en", "Saint John lives in Main Street now"),
        ("No. 5 said no. Then No. Never", "en", "Number 5 said no. Then No. Never"),
        ("cats, dogs, etc.", "en", "cats, dogs, et cetera."),
        ("He sat. It was a mar. or a sat.", "en", "He sat. It was a mar. or a sat."),
        ("Dr. Who vs. Mr. X", "en-gb", "Doctor Who versus Mister X"),
        ("M. et Mme Dupont, n° 5", "fr", "monsieur et madame Dupont, numéro 5"),
        ("El Sr. Pérez de EE. UU., p. ej.", "es", "El señor Pérez de Estados Unidos, por ejemplo."),
        ("Dott.ssa Rossi, Sig.ra Verdi ecc.", "it", "dottoressa Rossi, signora Verdi eccetera."),
        ("z. B. Nr. 5, d.h. ca. 3 usw.", "de", "zum Beispiel Nummer 5, das heißt zirka 3 und so weiter."),
        ("т.е. ул. Ленина и т. д.", "ru", "то есть улица Ленина и так далее."),
        ("Dr. Smith", "nl", "Dr. Smith"),
    ],
)
def test_expanded(text: str, language: str, expected: str) -> None:
    assert abbreviations(language).expanded(text) == expected
