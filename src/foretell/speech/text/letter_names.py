"""The names of letters, for those that stand alone and for abbreviations that no one pronounces as a word."""

from __future__ import annotations

import re

from foretell.speech.text.languages import base

_NAMES = {
    "en": "a:ay b:bee c:cee d:dee e:ee f:eff g:gee h:aitch i:eye j:jay k:kay l:ell m:em n:en o:oh p:pee q:cue r:are "
    "s:ess t:tee u:you v:vee w:double-you x:ex y:why z:zee",
    "es": "a:a b:be c:ce d:de e:e f:efe g:ge h:hache i:i j:jota k:ka l:ele m:eme n:ene ñ:eñe o:o p:pe q:cu r:erre "
    "s:ese t:te u:u v:uve w:uve-doble x:equis y:ye z:zeta",
    "fr": "a:a b:bé c:cé d:dé e:euh f:èffe g:gé h:hache i:i j:ji k:ka l:elle m:aime n:haine o:eau p:pé q:cu r:erre "
    "s:esse t:té u:u v:vé w:double-vé x:ixe y:i-grec z:zède",
    "it": "a:a b:bi c:ci d:di e:e f:effe g:gi h:acca i:i j:i-lunga k:cappa l:elle m:emme n:enne o:o p:pi q:cu r:erre "
    "s:esse t:ti u:u v:vu w:doppia-vu x:ics y:ipsilon z:zeta",
    "de": "a:ah b:beh c:zeh d:deh e:eh f:eff g:geh h:hah i:ih j:jott k:kah l:ell m:emm n:enn o:oh p:peh q:kuh r:err "
    "s:ess t:teh u:uh v:fau w:weh x:ix y:üpsilon z:zett",
    "ru": "а:а б:бэ в:вэ г:гэ д:дэ е:е ж:жэ з:зэ и:и й:и-краткое к:ка л:эль м:эм н:эн о:о п:пэ р:эр с:эс т:тэ у:у ф:эф "
    "х:ха ц:цэ ч:че ш:ша щ:ща ъ:твёрдый-знак ы:ы ь:мягкий-знак э:э ю:ю я:я",
}
_WORDS = {
    "en": "abcdefghijklmnopqrstuvwxyz",
    "es": "aeouy",
    "fr": "aàyôo",
    "it": "aeèioò",
    "de": "",
    "ru": "авикосуяэо",
}
"""Letters that are words, or that what reads the language knows."""
_LETTER = re.compile(r"(?<![\w'’])[^\W\d_](?![\w'’])")
_CAPITALS = re.compile(r"\b[^\W\d_]{2,6}\b")


def names_of_letters(language: str) -> dict[str, str]:
    """Return the names of a language's letters in small letters; none where they are not known."""
    pairs = (pair.split(":") for pair in _NAMES.get(base(language), "").split())
    return {letter: name.replace("-", " ") for letter, name in pairs}


def with_letters_named(text: str, language: str, *, spelt: frozenset[str] = frozenset()) -> str:
    """Return text with its single letters, and the capitals that are to be `spelt`, as the names of letters.

    A letter that is a word of the language is named only if it is all that the text says.
    """
    names = names_of_letters(language)
    if not names:
        return text
    alone = sum(c.isalpha() for c in text) == 1

    def letter(match: re.Match[str]) -> str:
        found = match.group().lower()
        return match.group() if found in _WORDS[base(language)] and not alone else names.get(found, match.group())

    def word(match: re.Match[str]) -> str:
        if match.group() not in spelt:
            return match.group()
        return " ".join(names.get(c, c) for c in match.group().lower())

    return _LETTER.sub(letter, _CAPITALS.sub(word, text))
