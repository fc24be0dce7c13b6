"""Text as it is read out: numbers, dates, times, amounts, abbreviations and signs in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from foretell.optional import load
from foretell.speech.text.abbreviations import abbreviations
from foretell.speech.text.languages import base
from foretell.speech.text.numbers_in_words import cardinal, decimal, ordinal, year
from foretell.speech.text.words_for_signs import CURRENCY_SIGNS, UNITS, SignWords, sign_words

Match = re.Match[str]

_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s\"<>]*[\w/]|[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ISO_DATE = re.compile(r"\b(\d{4})-(\d\d?)-(\d\d?)\b(?!-)")
_DATE = re.compile(r"\b(\d\d?)([/.])(\d\d?)\2(\d{4}|\d\d)\b(?![/.]\d)")
_TIME = re.compile(
    r"\b([01]?\d|2[0-4])(?:[:h]([0-5]\d)(?::([0-5]\d))?|\s?h)\b(?!:)(\s?[AaPp]\.?\s?[Mm]\b)?(\s(?:Uhr|h)\b)?"
)
_HOUR = re.compile(r"\b(1[0-2]|0?[1-9])(?::00)?\s?([AaPp])\.?\s?[Mm]\b(?:\.(?=\s+\S))?")
_VERSION = re.compile(r"(?<![\w.])\d+(?:\.\d+){2,}(?![\w])")
_FRACTION = re.compile(r"(?<![\w/.,])(?:(\d{1,6})\s+)?(\d{1,6})/(\d{1,6})(?![\w/])")
_TELEPHONE = re.compile(r"(?<![\w-])(?:\+?\d{1,3}[ -])?(?:\(\d{3}\) ?|\d{3}-)?\d{3}-\d{4}(?![\w-])")
_RANGE = re.compile(r"(?<![\w.,/-])(\d{1,4})\s?[—-]\s?(\d{1,4})(?![\w/-]|[.,]\d)")
_DECADE = re.compile(r"\b(1[0-9]|20)(\d)0'?s\b|(?<!\w)'(\d)0s\b")
_YEAR = re.compile(r"(?<![\w.,-])(1[1-9]\d\d|20\d\d)(?![\w-]|[.,]\d)")
_ROMAN = re.compile(r"\b(?=[IVX]{2,}\b)(X{0,3})(IX|IV|V?I{0,3})\b")
_ORDINALS = {
    "en": re.compile(r"\b(\d{1,6})(?:st|nd|rd|th)\b"),
    "fr": re.compile(r"\b(\d{1,6})(?:er|re|ère|e|ème|nd|nde)\b"),
    "es": re.compile(r"\b(\d{1,6})(?:\.?[ºª]|\.?er|\.?o|\.?a)(?!\w)"),
    "it": re.compile(r"\b(\d{1,6})[ºª°](?!\w|C|F)"),
    "ru": re.compile(r"\b(\d{1,6})-(?:й|я|е|го|му|м|ая|ый|ой|ое)\b"),
}
_MAGNITUDES = {"k": " thousand", "m": " million", "bn": " billion"}
_BETWEEN_WORDS = re.compile(r"\s*([@&+=×÷<>#§~≈≤≥±№])\s*")


def spoken_form(text: str, language: str) -> str:
    """Return text with all that is not written in words written out as words of the language.

    Numbers, ordinals, dates, times of day, amounts of money, percentages, units, fractions, addresses of the web and
    abbreviations; each as everyday speech has it in English, French, Spanish, Italian, German and Russian. Of other
    languages only numbers are known, and those that num2words does not know raise TextError.
    """
    return _Speaker.of(language).said(text)


@dataclass(frozen=True)
class _Speaker:
    """The rules of one language."""

    language: str
    words: SignWords | None

    @classmethod
    @cache
    def of(cls, language: str) -> _Speaker:
        return cls(language, sign_words(language))

    def said(self, text: str) -> str:
        text = _ADDRESS.sub(self._address, text)
        text = abbreviations(self.language).expanded(text)
        if any(c.isdigit() for c in text):
            for pattern, rule in self._rules:
                text = pattern.sub(rule, text)
        text = _ROMAN.sub(self._roman, text)
        return self._signs(text)

    @cached_property
    def _rules(self) -> list[tuple[re.Pattern[str], Callable[[Match], str]]]:
        rules: list[tuple[re.Pattern[str], Callable[[Match], str]]] = []
        if self.words is not None:
            number, month = self._number_pattern, "|".join(self._months[1:])
            signs = "|".join(re.escape(sign) for sign in sorted(CURRENCY_SIGNS, key=len, reverse=True))
            units = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))
            day = r"(\d{1,2})(?:st|nd|rd|th|er|\.|º|°)?"
            years = r"(?:(?: de| del)? (\d{4})\b(?: года\b| г\.)?)?"
            before = (
                re.compile(rf"({signs})\s?({number})(?!\d)(\s(?:thousand|million|billion|trillion)\b|(?:k|m|bn)\b)?"),
                lambda m: self._money(m[2], m[1], m[3] or ""),
            )
            after = (re.compile(rf"({number})\s?({signs})(?!\w)"), lambda m: self._money(m[1], m[2]))
            rules += [
                (_ISO_DATE, lambda m: self._date(int(m[1]), int(m[2]), int(m[3])) or m[0]),
                (_DATE, self._numeric_date),
                (re.compile(rf"\b{day}(?: de| of)? ({month})\b{years}", re.IGNORECASE),
                 lambda m: self._date(m[3], self._month(m[2]), int(m[1])) or m[0]),
                (re.compile(rf"\b({month}) {day}\b(?:,? (\d{{4}})\b)?", re.IGNORECASE),
                 lambda m: self._date(m[3], self._month(m[1]), int(m[2])) or m[0]),
                *([(_DECADE, self._decade), (_HOUR, self._hour)] if base(self.language) == "en" else []),
                (_TIME, self._time),
                (_VERSION, self._version),
                *((before, after) if self._point == "." else (after, before)),
                (re.compile(rf"({number})\s?%"), lambda m: self._counted(m[1], self.words.percent)),  # type: ignore[union-attr]
                (re.compile(rf"({number})\s?({units})(?![\w/²³])"), self._unit),
                (re.compile(rf"({number})\s?°(?![\w])"), lambda m: self._counted(m[1], self.words.degrees)),  # type: ignore[union-attr]
                (_FRACTION, self._fraction),
                (_TELEPHONE, lambda m: self._digits(m[0])),
                (_RANGE, lambda m: f"{self._year_or(m[1])} {self.words.to} {self._year_or(m[2])}"),  # type: ignore[union-attr]
            ]  # fmt: skip
            if base(self.language) in _ORDINALS:
                rules.append((_ORDINALS[base(self.language)], lambda m: ordinal(int(m[1]), self.language)))
            rules.append((_YEAR, lambda m: year(int(m[1]), self.language)))
        rules.append((re.compile(self._number_pattern), lambda m: f" {self._number(m[0])} "))
        rules.append((re.compile(r"  +"), lambda _: " "))
        rules.append((re.compile(r" (?=[.,;:!?])"), lambda _: ""))
        return rules

    @property
    def _point(self) -> str:
        return "," if self.words is None else self.words.decimal

    @cached_property
    def _number_pattern(self) -> str:
        """A number: with thousands or not, with a decimal part or not, below zero or not."""
        point, other = re.escape(self._point), re.escape("," if self._point == "." else ".")
        # English has commas there: two groups at least tell such a number from two that stand side by side.
        spaced = rf"|\d{{1,3}}(?: \d{{3}}){{{1 if self._point == ',' else 2},}}(?!\d)"
        thousands = rf"\d{{1,3}}(?:{other}\d{{3}})+(?!\d){spaced}"
        loose = rf"(?:{other}(?!\d{{3}}\b)\d+)?" if self._point == "," else ""
        return rf"(?:(?<![\w.,-])-)?(?:(?:{thousands})(?:{point}\d+)?|\d+(?:{point}\d+|{loose})|(?<!\w){point}\d+)"

    def _number(self, text: str, *, before_noun: bool = False) -> str:
        minus = text.startswith("-")
        text = text.removeprefix("-").replace(" ", "")
        other = "," if self._point == "." else "."
        grouped = re.fullmatch(rf"\d{{1,3}}(\{other}\d{{3}})+(\{self._point}\d+)?", text)
        text = text.replace(other, "" if grouped else self._point)
        whole, _, part = text.partition(self._point)
        if part and self.words is not None:
            said = decimal(whole, part, self.language, self.words)
        else:
            said = " ".join(cardinal(digits, self.language) for digits in (whole, part) if digits)
        if before_noun and self.words is not None:
            *first, last = said.split(" ")
            said = " ".join([*first, self.words.one.get(last, last)])
        return f"{self.words.minus} {said}" if minus and self.words is not None else said

    def _year_or(self, digits: str) -> str:
        return year(int(digits), self.language) if _YEAR.fullmatch(digits) else cardinal(digits, self.language)

    def _digits(self, text: str) -> str:
        return ", ".join(" ".join(cardinal(d, self.language) for d in group) for group in re.findall(r"\d+", text))

    def _counted(self, number: str, forms: tuple[str, ...]) -> str:
        return f"{self._number(number, before_noun=True)} {self._form(number, forms)}"

    def _form(self, number: str, forms: tuple[str, ...]) -> str:
        """The form of a noun after a number: percent, процента."""
        amount = number.removeprefix("-").replace(" ", "")
        if not amount.isdigit():
            return forms[1 if base(self.language) == "ru" and len(forms) > 1 else -1]
        order = {"one": 0, "few": 1, "many": 2}
        return forms[min(order.get(self._locale.plural_form(int(amount[-6:])), len(forms) - 1), len(forms) - 1)]

    def _version(self, match: Match) -> str:
        if re.fullmatch(r"\d{1,3}(\.\d{3})+", match[0]) and self._point == ",":
            return match[0]
        assert self.words is not None
        return f" {self.words.point} ".join(cardinal(part, self.language) for part in match[0].split("."))

    def _money(self, number: str, sign: str, magnitude: str = "") -> str:
        code = CURRENCY_SIGNS[sign]
        assert self.words is not None
        whole, _, cents = number.partition(self._point)
        exact = len(cents) == 2 and not magnitude
        amount = (whole or "0") if exact else number
        magnitude = _MAGNITUDES.get(magnitude, magnitude)
        forms = self.words.currencies.get(code)
        if magnitude and forms is not None:
            return f"{self._number(amount)}{magnitude} {forms[-1]}"
        if forms is None:
            package: Any = load("babel.numbers", "names currencies", "speech")
            count = int(re.sub(r"\D", "", amount)[-6:] or 0)
            name = package.get_currency_name(code, count, self._locale)
            said = f"{self._number(amount, before_noun=True)}{magnitude} {name}"
        else:
            said = self._counted(amount, forms)
        return f"{said} {cardinal(cents.lstrip('0') or '0', self.language)}" if exact and int(cents) else said

    def _unit(self, match: Match) -> str:
        units: Any = load("babel.units", "names units", "speech")
        number = match[1].removeprefix("-").replace(" ", "")
        amount = int(number[-6:]) if number.isdigit() else 1.5
        formatted: str = units.format_unit(amount, UNITS[match[2]], length="long", locale=self._locale)
        said = self._number(match[1], before_noun=True)
        return re.sub(r"[\d.,\s]*\d", lambda _: said + " ", formatted, count=1).replace("  ", " ")

    def _hour(self, match: Match) -> str:
        return f"{cardinal(int(match[1]), self.language)} {match[2].upper()}M"

    def _time(self, match: Match) -> str:
        assert self.words is not None
        if match[2] is None and base(self.language) != "fr":
            return match[0]
        hour, minute = int(match[1]), int(match[2] or 0)
        half = f" {match[4].strip()[0].upper()}M" if match[4] else ""
        one = self.words.one if base(self.language) == "de" else {"un": "une", "vingt et un": "vingt et une"}
        spoken = cardinal(hour, self.language)
        spoken = one.get(spoken, spoken) if base(self.language) in ("de", "fr") else spoken
        if not minute:
            said = spoken if half else self.words.full_hour.format(hour=spoken)
        else:
            said = self.words.hour.format(hour=spoken, minute=self._minute(minute))
        if hour == 1 and base(self.language) == "fr":
            said = said.replace("heures", "heure")
        seconds = f" {self._minute(int(match[3]))}" if match[3] else ""
        return said + seconds + half

    def _minute(self, minute: int) -> str:
        said = cardinal(minute, self.language)
        return f"oh {said}" if base(self.language) == "en" and minute < 10 else said

    def _numeric_date(self, match: Match) -> str:
        first, second, years = int(match[1]), int(match[3]), match[4]
        month_first = self.words is not None and self.words.month_first and "gb" not in self.language
        day, month = (second, first) if month_first and match[2] == "/" else (first, second)
        if month > 12:
            day, month = month, day
        century = "" if len(years) == 4 else "19" if int(years) > 50 else "20"
        return self._date(int(century + years), month, day) or match[0]

    def _date(self, years: int | str | None, month: int, day: int) -> str | None:
        """A date in words; None if there is no such day."""
        if not (1 <= month <= 12 and 1 <= day <= 31) or self.words is None:
            return None
        name, of = self._months[month], f" {self.words.of}" if self.words.of else ""
        spoken = ordinal(day, self.language) if self.words.ordinals else cardinal(day, self.language)
        if base(self.language) == "de":
            spoken += "n"
        if day == 1 and self.words.first_day:
            spoken = self.words.first_day
        date = f"{name} {spoken}" if self.words.month_first else f"{spoken}{of} {name}"
        if years is None:
            return date
        end = f" {self.words.year_end}" if self.words.year_end else ""
        return f"{date}{',' if self.words.month_first else of} {year(int(years), self.language)}{end}"

    def _fraction(self, match: Match) -> str:
        assert self.words is not None
        part = f"{match[2]}/{match[3]}"
        over = f"{cardinal(match[2], self.language)} {self.words.over} {cardinal(match[3], self.language)}"
        said = self.words.fractions.get(part, over)
        if match[1] is None:
            return said
        return f"{cardinal(match[1], self.language)} {self.words.signs['&']} {said}"

    def _decade(self, match: Match) -> str:
        tens = {"0": "hundreds", "1": "tens"}.get(digit := match[2] or match[3])
        tens = tens or re.sub("y$", "ies", cardinal(int(digit) * 10, self.language))
        return tens if match[1] is None else f"{cardinal(int(match[1]), self.language)} {tens}"

    def _roman(self, match: Match) -> str:
        values = {"IX": 9, "IV": 4}
        ones = values.get(match[2], 5 * match[2].count("V") + match[2].count("I"))
        return cardinal(10 * len(match[1]) + ones, self.language)

    def _address(self, match: Match) -> str:
        text = re.sub(r"^https?://", "", match[0])
        if self.words is None:
            return re.sub(r"[^\w]+", " ", text)
        signs = self.words.signs
        return re.sub(r"[^\w]|_", lambda m: f" {signs.get(m[0], '')} ", text)

    def _signs(self, text: str) -> str:
        if self.words is None:
            return text
        signs = self.words.signs
        return _BETWEEN_WORDS.sub(lambda m: f" {signs[m[1]]} " if m[1] in signs else " ", text)

    @cached_property
    def _locale(self) -> Any:
        package: Any = load("babel", "knows months, units and currencies", "speech")
        return package.Locale.parse(base(self.language))

    @cached_property
    def _months(self) -> list[str]:
        """The names of the months as a date has them, from 1."""
        names: dict[int, str] = self._locale.months["format"]["wide"]
        return ["", *(names[month] for month in range(1, 13))]

    def _month(self, name: str) -> int:
        return [month.lower() for month in self._months].index(name.lower())
