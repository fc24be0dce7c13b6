"""Generation of `native/core/boundary.h` from `foretell.kernels.schema`: `python -m foretell.kernels.boundary`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

from foretell.kernels import schema

HEADER = Path(__file__).parent / "native" / "core" / "boundary.h"
"""The path of the generated header."""
_WIDTH = 120
_OPENING = """\
// Written by `python -m foretell.kernels.boundary` from `foretell/kernels/schema.py`: change that.
// clang-format off
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <type_traits>

namespace foretell {
"""
_HASH = """
// FNV-1a of all names, places, sizes and kinds: a library and a Python package of different layouts part here.
struct LayoutHash {
    uint64_t value = 0xcbf29ce484222325;

    constexpr void add(const char* name, size_t first, size_t second = 0, uint32_t kind = 0) {
        for (; *name; ++name) add_byte(uint8_t(*name));
        for (const uint32_t number : {uint32_t(first), uint32_t(second), kind})
            for (int shift = 0; shift < 32; shift += 8) add_byte(uint8_t(number >> shift));
    }

  private:
    constexpr void add_byte(uint8_t byte) { value = (value ^ byte) * 0x100000001b3; }
};

template <class Field>
constexpr uint32_t field_kind =
    std::is_pointer_v<Field> ? 1 : std::is_floating_point_v<Field> ? 2 : std::is_class_v<Field> ? 3 : 0;

#define FIELD(structure, name) \\
    hash.add(#name, offsetof(structure, name), sizeof(structure::name), field_kind<decltype(structure::name)>)

constexpr uint64_t layout_hash() {
    LayoutHash hash;
"""
_CLOSING = """\
    return hash.value;
}

#undef FIELD

}  // namespace foretell
"""


def header() -> str:
    """Return the content of the header."""
    parts = [_OPENING, *map(_enumeration, schema.ENUMERATIONS), *map(_structure, schema.STRUCTURES)]
    return "".join([*parts, _HASH, *_hashed(), _CLOSING])


def _comment(text: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent="// ", subsequent_indent="// ") + "\n"


def _enumeration(e: schema.Enumeration) -> str:
    return f"\n{_comment(e.comment)}enum class {e.name} : int64_t {{ {', '.join(e.members)} }};\n"


def _structure(s: schema.Structure) -> str:
    lines = "".join(f"    {_line(line)}\n" for line in s.lines)
    return f"\n{_comment(s.comment)}struct {s.name} {{\n{lines}}};\n"


def _line(line: schema.Line) -> str:
    kind = line.type.replace("int64", "int64_t").replace("uint8", "uint8_t")
    stars = ""
    if "*" in kind:  # each name needs its own stars
        kind, _, rest = kind.partition("*")
        stars = "*" + rest.strip().replace("*", " *")
    declared = f"{kind} {', '.join(stars + name for name in line.names)};"
    return f"{declared}  // {line.comment}" if line.comment else declared


def _hashed() -> Iterator[str]:
    for e in schema.ENUMERATIONS:
        for member in e.members:
            yield f'    hash.add("{member}", size_t({e.name}::{member}));\n'
    for s in schema.STRUCTURES:
        yield f'    hash.add("{s.name}", sizeof({s.name}));\n'
        for name in s.names:
            yield f"    FIELD({s.name}, {name});\n"


if __name__ == "__main__":
    HEADER.write_text(header())
