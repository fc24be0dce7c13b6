"""Numbers, dates, times, amounts and signs in words, in each language."""

from __future__ import annotations

import pytest

from foretell.errors import TextError
from foretell.speech.text.letters import plain
from foretell.speech.text.spoken_form import spoken_form

pytest.importorskip("num2words")
pytest.importorskip("babel")


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        # Numbers
        ("en", "1,234,567 and 0.5, -5 and .25", "one million two hundred and thirty four thousand five hundred and "
         "sixty seven and zero point five, minus five and zero point two five"),
        ("fr", "1 234 567,5", "un million deux cent trente-quatre mille cinq cent soixante-sept virgule cinq"),
        ("de", "1.234 und 3,14", "ein tausend zwei hundert vier und dreißig und drei Komma eins vier"),
        ("es", "21 y 1.000", "veintiuno y mil"),
        ("it", "1999", "mille nove cento novanta nove"),
        ("ru", "350", "триста пятьдесят"),
        ("nl", "21", "eenentwintig"),
        ("en", "1 000 000 or 10 200", "one million or ten two hundred"),
        ("en", "agent 007", "agent zero zero seven"),
        ("en", "call 555-1234", "call five five five, one two three four"),
        ("en", "version 1.2.3", "version one point two point three"),
        ("en", "mp3 and B2B", "mp three and B two B"),
        # Ordinals, years, decades, numerals
        ("en", "1st, 2nd, 23rd", "first, second, twenty third"),
        ("fr", "1er, 2e", "premier, deuxième"),
        ("es", "1º", "primero"),
        ("it", "3º", "terzo"),
        ("ru", "21-й", "двадцать первый"),
        ("en", "in 1984, 2007 and 2024", "in nineteen eighty four, two thousand seven and twenty twenty four"),
        ("en", "the 1990s and '80s", "the nineteen nineties and eighties"),
        ("en", "Henry VIII, I am", "Henry eight, I am"),
        ("en", "1914–1918, 5-7", "nineteen fourteen to nineteen eighteen, five to seven"),
        # Dates
        ("en", "3/14/2021", "March fourteenth, twenty twenty one"),
        ("en-gb", "14/3/2021", "March fourteenth, twenty twenty one"),
        ("en", "2021-03-14", "March fourteenth, twenty twenty one"),
        ("en", "Jan. 5, 2020", "January fifth, twenty twenty"),
        ("en", "5 May 2020", "May fifth, twenty twenty"),
        ("fr", "1er mai 1999", "premier mai mille neuf cent quatre-vingt-dix-neuf"),
        ("fr", "14/7/1789", "quatorze juillet mille sept cent quatre-vingt-neuf"),
        ("es", "3 de marzo de 1999", "tres de marzo de mil novecientos noventa y nueve"),
        ("it", "14/2/2020", "quattordici febbraio due mila venti"),
        ("de", "am 3. März 1999", "am dritten März neunzehn hundert neun und neunzig"),
        ("ru", "3 марта 1999 года", "три марта одна тысяча девятьсот девяносто девять года"),
        # Times
        ("en", "10:30, 9:05, 12:00", "ten thirty, nine oh five, twelve o'clock"),
        ("en", "5pm, 10:30 a.m.", "five PM, ten thirty AM."),
        ("fr", "10h30, 18 h, 1h05", "dix heures trente, dix-huit heures, une heure cinq"),
        ("de", "um 10:30 Uhr, 13:00 Uhr", "um zehn Uhr dreißig, dreizehn Uhr"),
        ("es", "10:30", "diez y treinta"),
        # Money, percent, units, degrees, fractions
        ("en", "$10, £3.50, €1, $5 million", "ten dollars, three pounds fifty, one euro, five million dollars"),
        ("en", "£5m, $.50", "five million pounds, zero dollars fifty"),
        ("fr", "3,50 €", "trois euros cinquante"),
        ("es", "1 € o 21 €", "un euro o veintiún euros"),
        ("de", "1 € und 2,50 €", "ein Euro und zwei Euro fünfzig"),
        ("ru", "1 ₽, 2 ₽, 5 ₽", "один рубль, два рубля, пять рублей"),
        ("en", "50%", "fifty percent"),
        ("fr", "50 %", "cinquante pour cent"),
        ("ru", "1%, 2%, 50%", "один процент, два процента, пятьдесят процентов"),
        ("en", "5 km, 1 kg, 16GB", "five kilometers, one kilogram, sixteen gigabytes"),
        ("en", "21.5°C, 90°", "twenty one point five degrees Celsius, ninety degrees"),
        ("it", "1 km", "un chilometro"),
        ("ru", "5 км", "пять километров"),
        ("en", "½, 3/4, 2½, 5/7", "a half, three quarters, two and a half, five over seven"),
        # Signs and addresses
        ("en", "fish & chips + 1 = 2", "fish and chips plus one equals two"),
        ("ru", "№ 5", "номер пять"),
        ("en", "user@example.com", "user at example dot com"),
        ("fr", "a@b.fr", "a arobase b point fr"),
        ("en", "https://a.org/b", "a dot org slash b"),
    ],
)  # fmt: skip
def test_spoken_form(language: str, text: str, expected: str) -> None:
    assert " ".join(spoken_form(plain(text), language).split()) == expected


def test_words_are_left_as_they_are() -> None:
    text = "It's well-known; isn't it? \"Yes\", he said (twice)."
    assert spoken_form(text, "en") == text
    assert spoken_form("Grüß Gott", "xx") == "Grüß Gott"


def test_a_number_beyond_all_names_is_read_digit_by_digit() -> None:
    assert spoken_form("9" * 300, "en").split() == ["nine"] * 300


def test_no_such_date_or_time_stays_numbers() -> None:
    assert "thirty two" in spoken_form("32/13/2021", "en")
    assert spoken_form("25:61", "en").split() == ["twenty", "five:", "sixty", "one"]


def test_a_language_whose_numbers_are_not_known() -> None:
    with pytest.raises(TextError, match="the number 5 cannot be read out in Swahili: write it in words"):
        spoken_form("5", "sw")
