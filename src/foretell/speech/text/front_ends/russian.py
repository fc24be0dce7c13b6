"""What gruut's Russian dictionary lost: whether an л is soft."""

from __future__ import annotations

import re

_L = re.compile("л(?=([еёиюяь])?)")


def with_soft_l(word: str, ipa: str) -> str:
    """Return the phonemes of a word with ʲ after each ɭ that is spelt as soft: before е, ё, и, ю, я or ь.

    Where letters and sounds do not match one by one, they are left as they are.
    """
    soft = [match[1] is not None for match in _L.finditer(word.lower())]
    hard = ipa.split("ɭ")
    if len(hard) - 1 != len(soft):
        return ipa
    return hard[0] + "".join(("ɭʲ" if s else "ɭ") + rest for s, rest in zip(soft, hard[1:], strict=True))
