"""What crosses from Python into the compiled kernels: one declaration, and nobody who means another layout."""

from __future__ import annotations

import ctypes
import itertools

import pytest

from foretell.kernels import boundary, native, schema, structures

BUILT = [name for name in native.supported() if native._files(name)]
REFUSED = "belongs to another version of foretell"


def swapped(structure, first):
    """The mirror with a field and its right neighbour in each other's place."""
    fields = list(structure._fields_)
    fields[first], fields[first + 1] = fields[first + 1], fields[first]
    return type(structure.__name__, (ctypes.Structure,), {"_fields_": fields})


def layout(mirrors=None, enumerations=schema.ENUMERATIONS):
    return structures.layout_hash(structures.mirrors() if mirrors is None else mirrors, enumerations)


def test_the_committed_header_is_what_the_schema_says():
    assert boundary.HEADER.read_text() == boundary.header(), "run python -m foretell.kernels.boundary"


@pytest.mark.parametrize("instruction_set", BUILT)
def test_a_library_of_the_same_layout_is_loaded(instruction_set):
    files = native._files(instruction_set)
    assert native.Library.load(instruction_set, *files).instruction_set == instruction_set


@pytest.mark.parametrize("index", range(len(schema.STRUCTURES)), ids=[s.name for s in schema.STRUCTURES])
@pytest.mark.parametrize("instruction_set", BUILT)
def test_two_neighbours_in_each_others_place_are_refused(instruction_set, index, monkeypatch):
    files, mirrors = native._files(instruction_set), structures.mirrors()
    for first in range(len(mirrors[index]._fields_) - 1):
        changed = [*mirrors[:index], swapped(mirrors[index], first), *mirrors[index + 1 :]]
        monkeypatch.setattr(native, "mirrors", lambda changed=changed: changed)
        with pytest.raises(OSError, match=REFUSED):
            native.Library.load(instruction_set, *files)


@pytest.mark.parametrize("enumeration", schema.ENUMERATIONS, ids=lambda e: e.name)
def test_numbers_in_another_order_have_another_hash(enumeration):
    others = [e for e in schema.ENUMERATIONS if e is not enumeration]
    hashes = {
        layout(enumerations=[schema.Enumeration(enumeration.name, order, ""), *others])
        for order in itertools.permutations(enumeration.members)
    }
    assert len(hashes) == len(list(itertools.permutations(enumeration.members)))


def test_what_a_field_is_counts_as_well_as_where_it_lies():
    def with_last(kind):
        last = structures.mirrors()[-1]
        fields = [*last._fields_[:-1], (last._fields_[-1][0], kind)]
        return layout([*structures.mirrors()[:-1], type(last.__name__, (ctypes.Structure,), {"_fields_": fields})])

    kinds = (ctypes.c_void_p, ctypes.c_int64, ctypes.c_double)
    assert [with_last(kind) == layout() for kind in kinds] == [True, False, False]


def test_numbers_of_an_enumeration_are_their_places():
    assert [schema.CELL[name] for name in schema.CELL.members] == list(range(5))
    assert "lstm" in schema.CELL
    assert "peephole" not in schema.CELL


@pytest.mark.parametrize("line", ["int64", "int64 steps", "int64: ", "const float* x", "int64: steps, batch"])
def test_a_line_that_declares_nothing_is_refused(line):
    with pytest.raises(ValueError, match="is no line of a structure"):
        schema._structure("Example", "", line)


def test_a_line_declares_its_names_with_their_comment():
    structure = schema._structure("Example", "About it.", "const float* const*: first second  # (R,)")
    assert structure.fields == [("first", "const float* const*"), ("second", "const float* const*")]
    assert "struct Example {\n    const float *const *first, *const *second;  // (R,)\n};" in boundary._structure(
        structure
    )
