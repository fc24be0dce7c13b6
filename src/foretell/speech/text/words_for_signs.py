"""What each language says for signs, currencies and fractions."""

from __future__ import annotations

from dataclasses import dataclass, field

from foretell.speech.text.languages import base


@dataclass(frozen=True)
class SignWords:
    """The words of a language for what is written as signs."""

    signs: dict[str, str]
    """Signs between words, and those of addresses: @ . / : -."""
    percent: tuple[str, ...]
    """After 1, after 2 and so on, by the plural forms of the language; the last holds for all further ones."""
    point: str
    """The decimal sign."""
    minus: str
    to: str
    """Between the ends of a range."""
    over: str
    """In a fraction."""
    degrees: tuple[str, ...]
    hour: str = "{hour} {minute}"
    """A time of day with minutes."""
    full_hour: str = "{hour}"
    decimal: str = ","
    """Which sign is the decimal sign; the other one stands between thousands."""
    fractions: dict[str, str] = field(default_factory=dict)
    currencies: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Names where everyday speech has others than the full ones, as a dollar: by the plural forms."""
    one: dict[str, str] = field(default_factory=dict)
    """The number one before a noun, where it differs: ein Euro, not eins Euro."""
    month_first: bool = False
    """Whether 3/4/2021 is in March."""
    of: str = ""
    """Between the day and the month, and again before the year."""
    first_day: str = ""
    """The first of a month, where the other days are not ordinals."""
    year_end: str = ""
    ordinals: bool = False
    """Whether days of a month are ordinals."""


_WORDS = {
    "en": SignWords(
        {"@": "at", ".": "dot", "/": "slash", "_": "underscore", "&": "and", "+": "plus", "=": "equals",
         "×": "times", "÷": "divided by", "<": "less than", ">": "greater than", "#": "number", "§": "section",
         "~": "about", "≈": "about", "≤": "at most", "≥": "at least", "±": "plus or minus", "№": "number"},
        ("percent",), "point", "minus", "to", "over", ("degree", "degrees"),
        full_hour="{hour} o'clock", decimal=".", month_first=True, ordinals=True,
        fractions={"1/2": "a half", "1/3": "one third", "2/3": "two thirds", "1/4": "a quarter",
                   "3/4": "three quarters"},
        currencies={"USD": ("dollar", "dollars"), "GBP": ("pound", "pounds"), "JPY": ("yen",),
                    "INR": ("rupee", "rupees"), "RUB": ("rouble", "roubles")},
    ),
    "fr": SignWords(
        {"@": "arobase", ".": "point", "/": "barre oblique", "_": "tiret bas", "&": "et", "+": "plus", "=": "égale",
         "×": "fois", "÷": "divisé par", "<": "inférieur à", ">": "supérieur à", "#": "dièse", "§": "paragraphe",
         "~": "environ", "≈": "environ", "±": "plus ou moins", "№": "numéro"},
        ("pour cent",), "virgule", "moins", "à", "sur", ("degré", "degrés"),
        hour="{hour} heures {minute}", full_hour="{hour} heures", first_day="premier",
        fractions={"1/2": "un demi", "1/3": "un tiers", "2/3": "deux tiers", "1/4": "un quart", "3/4": "trois quarts"},
        currencies={"USD": ("dollar", "dollars"), "GBP": ("livre", "livres"), "JPY": ("yen", "yens")},
    ),
    "es": SignWords(
        {"@": "arroba", ".": "punto", "/": "barra", "_": "guion bajo", "&": "y", "+": "más", "=": "igual a",
         "×": "por", "÷": "dividido por", "<": "menor que", ">": "mayor que", "#": "número", "§": "sección",
         "~": "aproximadamente", "≈": "aproximadamente", "±": "más menos", "№": "número"},
        ("por ciento",), "coma", "menos", "a", "sobre", ("grado", "grados"), hour="{hour} y {minute}", of="de",
        fractions={"1/2": "un medio", "1/3": "un tercio", "2/3": "dos tercios", "1/4": "un cuarto",
                   "3/4": "tres cuartos"},
        currencies={"USD": ("dólar", "dólares"), "GBP": ("libra", "libras"), "JPY": ("yen", "yenes")},
        one={"uno": "un", "veintiuno": "veintiún"},
    ),
    "it": SignWords(
        {"@": "chiocciola", ".": "punto", "/": "barra", "_": "trattino basso", "&": "e", "+": "più", "=": "uguale",
         "×": "per", "÷": "diviso", "<": "minore di", ">": "maggiore di", "#": "cancelletto", "§": "paragrafo",
         "~": "circa", "≈": "circa", "±": "più o meno", "№": "numero"},
        ("per cento",), "virgola", "meno", "a", "fratto", ("grado", "gradi"), hour="{hour} e {minute}",
        first_day="primo",
        fractions={"1/2": "un mezzo", "1/3": "un terzo", "2/3": "due terzi", "1/4": "un quarto", "3/4": "tre quarti"},
        currencies={"USD": ("dollaro", "dollari"), "GBP": ("sterlina", "sterline"), "JPY": ("yen",)},
        one={"uno": "un"},
    ),
    "de": SignWords(
        {"@": "at", ".": "Punkt", "/": "Schrägstrich", "_": "Unterstrich", "&": "und", "+": "plus", "=": "gleich",
         "×": "mal", "÷": "geteilt durch", "<": "kleiner als", ">": "größer als", "#": "Nummer", "§": "Paragraf",
         "~": "etwa", "≈": "etwa", "±": "plus minus", "№": "Nummer"},
        ("Prozent",), "Komma", "minus", "bis", "durch", ("Grad",),
        hour="{hour} Uhr {minute}", full_hour="{hour} Uhr", ordinals=True,
        fractions={"1/2": "ein halb", "1/3": "ein Drittel", "2/3": "zwei Drittel", "1/4": "ein Viertel",
                   "3/4": "drei Viertel"},
        currencies={"USD": ("Dollar",), "GBP": ("Pfund",), "JPY": ("Yen",)},
        one={"eins": "ein"},
    ),
    "ru": SignWords(
        {"@": "собака", ".": "точка", "/": "дробь", "_": "подчёркивание", "&": "и", "+": "плюс", "=": "равно",
         "×": "умножить на", "÷": "разделить на", "<": "меньше", ">": "больше", "#": "номер", "§": "параграф",
         "~": "примерно", "≈": "примерно", "±": "плюс минус", "№": "номер"},
        ("процент", "процента", "процентов"), "запятая", "минус", "до", "дробь", ("градус", "градуса", "градусов"),
        year_end="года",
        fractions={"1/2": "одна вторая", "1/3": "одна треть", "2/3": "две трети", "1/4": "одна четверть",
                   "3/4": "три четверти"},
        currencies={"USD": ("доллар", "доллара", "долларов"), "GBP": ("фунт", "фунта", "фунтов"),
                    "RUB": ("рубль", "рубля", "рублей"), "JPY": ("иена", "иены", "иен")},
    ),
}  # fmt: skip
CURRENCY_SIGNS = {"€": "EUR", "$": "USD", "US$": "USD", "£": "GBP", "¥": "JPY", "₽": "RUB", "₹": "INR", "₺": "TRY",
                  "₩": "KRW", "₴": "UAH", "EUR": "EUR", "USD": "USD", "GBP": "GBP", "CHF": "CHF",
                  "JPY": "JPY"}  # fmt: skip
UNITS = {
    "km/h": "speed-kilometer-per-hour", "km": "length-kilometer", "cm": "length-centimeter", "mm": "length-millimeter",
    "μm": "length-micrometer", "m": "length-meter", "kg": "mass-kilogram", "mg": "mass-milligram", "g": "mass-gram",
    "l": "volume-liter", "L": "volume-liter", "ml": "volume-milliliter", "m/s": "speed-meter-per-second",
    "mph": "speed-mile-per-hour", "lb": "mass-pound", "lbs": "mass-pound", "oz": "mass-ounce", "ft": "length-foot",
    "kB": "digital-kilobyte", "KB": "digital-kilobyte", "MB": "digital-megabyte", "GB": "digital-gigabyte",
    "TB": "digital-terabyte", "Hz": "frequency-hertz", "kHz": "frequency-kilohertz", "MHz": "frequency-megahertz",
    "GHz": "frequency-gigahertz", "kW": "power-kilowatt", "W": "power-watt", "kWh": "energy-kilowatt-hour",
    "V": "electric-volt", "A": "electric-ampere", "Ω": "electric-ohm", "°C": "temperature-celsius",
    "°F": "temperature-fahrenheit", "m2": "area-square-meter",
    "km2": "area-square-kilometer", "m3": "volume-cubic-meter", "ha": "area-hectare", "ms": "duration-millisecond",
    "μs": "duration-microsecond", "s": "duration-second", "min": "duration-minute", "h": "duration-hour",
    "км/ч": "speed-kilometer-per-hour", "км": "length-kilometer", "м": "length-meter", "см": "length-centimeter",
    "мм": "length-millimeter", "кг": "mass-kilogram", "г": "mass-gram", "л": "volume-liter", "мл": "volume-milliliter",
    "ч": "duration-hour", "мин": "duration-minute", "с": "duration-second",
}  # fmt: skip
"""Units by what Unicode's locale data call them, which have their names in every language."""


def sign_words(language: str) -> SignWords | None:
    """Return a language's words for signs; None where they are not known, and signs are passed on as they are."""
    return _WORDS.get(base(language))
