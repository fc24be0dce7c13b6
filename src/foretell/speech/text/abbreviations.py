"""Abbreviations of each language, and what is said for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from foretell.speech.text.languages import base

# One to a line: the abbreviation, what is said for it. Those of the second list may end a sentence.
_WITHIN = {
    "en": """Mr. Mister; Mrs. Missus; Ms. Miz; Dr. Doctor; Prof. Professor; St. Saint; Rev. Reverend; Gen. General;
        Col. Colonel; Capt. Captain; Lt. Lieutenant; Sgt. Sergeant; Sen. Senator; Rep. Representative; Gov. Governor;
        Hon. Honourable; Mt. Mount; Ft. Fort; vs. versus; e.g. for example; i.e. that is; approx. approximately;
        cf. compare; fig. figure; vol. volume; ed. edition; pp. pages; ca. about; Jan. January; Feb. February;
        Mar. March; Apr. April; Aug. August; Sept. September; Sep. September; Oct. October; Nov. November;
        Dec. December; Mon. Monday; Tue. Tuesday; Wed. Wednesday; Thu. Thursday; Fri. Friday; viz. namely""",
    "fr": """M. monsieur; MM. messieurs; Mme madame; Mme. madame; Mmes mesdames; Mlle mademoiselle; Mlle. mademoiselle;
        Dr docteur; Dr. docteur; Pr professeur; Pr. professeur; St. saint; Ste. sainte; p. page; p.ex. par exemple;
        c.-à-d. c'est-à-dire; av. avenue; bd. boulevard; env. environ; cf. confer; janv. janvier; févr. février;
        sept. septembre; oct. octobre; nov. novembre; déc. décembre; n° numéro; tél. téléphone; vol. volume""",
    "es": """Sr. señor; Sra. señora; Srta. señorita; Sres. señores; Dr. doctor; Dra. doctora; D. don; D.ª doña;
        Ud. usted; Uds. ustedes; Vd. usted; Prof. profesor; Ing. ingeniero; Lic. licenciado; S. san; Sto. santo;
        Sta. santa; EE.UU. Estados Unidos; EE. UU. Estados Unidos; p.ej. por ejemplo; p. ej. por ejemplo;
        pág. página; págs. páginas; tel. teléfono; av. avenida; avda. avenida; aprox. aproximadamente; n.º número;
        núm. número; vol. volumen; cap. capítulo""",
    "it": """Sig. signor; Sig.ra signora; Sig.na signorina; Sigg. signori; Dott. dottor; Dott.ssa dottoressa;
        Dr. dottor; Prof. professor; Prof.ssa professoressa; Ing. ingegner; Avv. avvocato; On. onorevole; S. san;
        p.es. per esempio; ad es. ad esempio; pag. pagina; pagg. pagine; tel. telefono; n. numero; n° numero;
        ca. circa; cap. capitolo;
        vol. volume; art. articolo""",
    "de": """Dr. Doktor; Prof. Professor; Hr. Herr; Fr. Frau; Frl. Fräulein; St. Sankt; z.B. zum Beispiel;
        z. B. zum Beispiel; d.h. das heißt; d. h. das heißt; u.a. unter anderem; u. a. unter anderem;
        bzw. beziehungsweise; ca. zirka; Nr. Nummer; S. Seite; Bd. Band; Tel. Telefon; vgl. vergleiche;
        ggf. gegebenenfalls; evtl. eventuell;
        inkl. inklusive; exkl. exklusive; max. maximal; min. minimal; v.a. vor allem; sog. sogenannte; geb. geboren;
        gest. gestorben; Jan. Januar; Feb. Februar; Aug. August; Sept. September; Okt. Oktober; Nov. November;
        Dez. Dezember; Mo. Montag; Mi. Mittwoch; Do. Donnerstag""",
    "ru": """т.е. то есть; т. е. то есть; г-н господин; г-жа госпожа; им. имени; ул. улица; пр. проспект; пл. площадь;
        д. дом; кв. квартира; стр. страница; см. смотри; напр. например; тел. телефон; проф. профессор; акад. академик;
        св. святой; гл. глава; рис. рисунок; ср. сравни""",
}
_ANYWHERE = {
    "en": """etc. et cetera; Jr. Junior; Sr. Senior; Inc. Incorporated; Ltd. Limited; Co. Company; Corp. Corporation;
        a.m. AM; p.m. PM; Ave. Avenue; Blvd. Boulevard; Rd. Road; Dept. Department; et al. and others""",
    "fr": "etc. et cetera",
    "es": "etc. etcétera; a.m. a eme; p.m. pe eme",
    "it": "ecc. eccetera; etc. eccetera",
    "de": """usw. und so weiter; etc. et cetera; u.s.w. und so weiter; Str. Straße; usf. und so fort; Std. Stunden;
        Min. Minuten""",
    "ru": """и т.д. и так далее; и т. д. и так далее; и т.п. и тому подобное; и т. п. и тому подобное; др. другие;
        руб. рублей; коп. копеек; тыс. тысяч; млн. миллионов; млрд. миллиардов""",
}

_AFTER_A_NAME = {"en": {"St.": "Street", "Dr.": "Drive"}}
"""Other readings, after a name and before none: St. John lives in John St."""
_BEFORE_A_NUMBER = {"en": {"No.": "Number", "Nos.": "Numbers", "p.": "page"}, "es": {"No.": "Número"}}


@dataclass(frozen=True)
class Abbreviations:
    """The abbreviations of a language."""

    said: dict[str, str]
    """What is said for each, by its lower case; only where the case counts as well by its own."""
    within: frozenset[str]
    """Those after which a sentence goes on, in lower case."""
    pattern: re.Pattern[str] | None
    """What finds them in a text."""
    after_a_name: dict[str, str]
    before_a_number: dict[str, str]

    def expanded(self, text: str) -> str:
        """Return a text with its abbreviations written out. Where one may end a sentence, its full stop stays."""
        return text if self.pattern is None else self.pattern.sub(lambda match: self._said(text, match), text)

    def _said(self, text: str, match: re.Match[str]) -> str:
        found, before, after = match.group(), text[: match.start()].split(" "), text[match.end() :].strip(" \"')]")
        said = self.said.get(found) or self.said.get(found.lower())
        if found in self.before_a_number:
            said = self.before_a_number[found] if after[:1].isdigit() else None
        elif found in self.after_a_name and len(before) > 1 and before[-2][:1].isupper() and not after[:1].isupper():
            said = self.after_a_name[found]
        if said is None:
            return found
        last = not after and found.endswith(".")
        return said + "." if last else said


@cache
def abbreviations(language: str) -> Abbreviations:
    """Return the abbreviations of a language; none for one that is not listed."""
    within, anywhere = (_pairs(lists.get(base(language), "")) for lists in (_WITHIN, _ANYWHERE))
    said = {**anywhere, **within}
    name, number = (kinds.get(base(language), {}) for kinds in (_AFTER_A_NAME, _BEFORE_A_NUMBER))
    by_case = {short if _needs_capital(short) else short.lower(): words for short, words in said.items()}
    words = sorted({*said, *number}, key=len, reverse=True)
    pattern = None
    if words:
        one = "|".join(re.escape(word).replace("\\ ", "[ \N{NO-BREAK SPACE}]") for word in words)
        pattern = re.compile(rf"(?<![\w.])(?:{one})(?!\w)", re.IGNORECASE)
    # "p. ej." is met by its last word.
    ends = frozenset(word.lower().split(" ")[-1] for word in within) | {
        part.lower() for word in (*within, *anywhere) for part in word.split(" ")[:-1] if part.endswith(".")
    }
    return Abbreviations(by_case, ends, pattern, name, number)


def _pairs(listed: str) -> dict[str, str]:
    pairs = (entry.strip() for entry in " ".join(listed.split()).split(";") if entry.strip())
    found: dict[str, str] = {}
    for entry in pairs:
        # The abbreviation is all up to its last full stop, or else its first word.
        match = re.match(r"(.*[.](?:[a-zª]+(?= ))?|\S+) (.+)", entry)
        assert match is not None, entry
        found[match[1]] = match[2]
    return found


def _needs_capital(short: str) -> bool:
    """Return whether an abbreviation is a word or a unit in small letters: mar., sat., m., d., s., co., min."""
    return len(short.rstrip(".")) <= 3 and short[:1].isupper()
