"""Covariates encoded as in training: numbers, names, and what was never seen."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretell.errors import TableError
from foretell.forecasting.covariates.covariates import Categories, Covariates, Standardised

from ..conftest import panel_of

NAN = float("nan")


def names(*values):
    return np.array(values, dtype=object)


def panel(**changes):
    columns = {
        "known": {"price": np.array([1.0, 2.0, NAN, 3.0, 6.0]), "day": names("work", "rest", None, "work", "feast")},
        "static": {"size": np.array([10.0, 30.0]), "town": names("Lyon", "Bath")},
    }
    return dataclasses.replace(panel_of([[1.0, 2.0, 3.0], [4.0, 5.0]]), **{**columns, **changes})


def test_known_columns_become_standardised_numbers_and_one_hot_names():
    covariates = Covariates.fit(panel())
    features = covariates.encode_steps(panel())
    price = np.array([1.0, 2.0, 3.0, 3.0, 6.0])
    spread = np.std([1.0, 2.0, 3.0, 6.0])
    np.testing.assert_allclose(features[:, 0], (price - 3) / spread, rtol=1e-6)
    assert features[:, 1].tolist() == [0, 0, 1, 0, 0]  # missing
    feast, rest, work = features[:, 2:].T
    assert work.tolist() == [1, 0, 0, 1, 0]
    assert rest.tolist() == [0, 1, 0, 0, 0]
    assert feast.tolist() == [0, 0, 0, 0, 1]
    assert features.dtype == np.float32
    assert covariates.known_features == features.shape[1] == 5


def test_static_columns_become_numbers_and_codes():
    covariates = Covariates.fit(panel())
    numbers, codes = covariates.encode_static(panel())
    np.testing.assert_allclose(numbers, [[-1], [1]])
    assert codes.tolist() == [[2], [1]]
    assert (covariates.static_features, covariates.category_counts) == (1, (3,))


def test_names_never_seen_and_missing_ones_share_a_code():
    covariates = Covariates.fit(panel())
    fresh = panel(static={"size": np.array([NAN, 20.0]), "town": names("Rome", None)})
    numbers, codes = covariates.encode_static(fresh)
    assert codes.tolist() == [[0], [0]]
    assert numbers.tolist() == [[0], [0]]
    unseen = covariates.encode_steps(panel(known={"price": np.full(5, NAN), "day": names(*"abcde")}))
    assert unseen.tolist() == [[0, 1, 0, 0, 0]] * 5


def test_a_panel_without_covariates_has_empty_features():
    bare = panel(known={}, static={})
    covariates = Covariates.fit(bare)
    assert covariates.encode_steps(bare).shape == (5, 0)
    assert [a.shape for a in covariates.encode_static(bare)] == [(2, 0), (2, 0)]


def test_names_that_were_read_as_numbers_are_recognised():
    codes = Covariates.fit(panel(static={"route": names("7", "12")}))
    _, found = codes.encode_static(panel(static={"route": np.array([12.0, 7.0])}))
    assert found.tolist() == [[1], [2]]
    _, missing = codes.encode_static(panel(static={"route": np.array([NAN, 8.0])}))
    assert missing.tolist() == [[0], [0]]


def test_a_column_that_is_gone_or_turned_into_text_is_named():
    covariates = Covariates.fit(panel())
    with pytest.raises(TableError, match="'day' is missing"):
        covariates.encode_steps(panel(known={"price": np.zeros(5)}))
    with pytest.raises(TableError, match="'price' holds text"):
        covariates.encode_steps(panel(known={"price": names(*"abcde"), "day": names(*"abcde")}))
    with pytest.raises(TableError, match="'size' is missing"):
        covariates.encode_static(panel(static={}))


columns = st.one_of(
    st.lists(st.floats(-1e9, 1e9) | st.just(NAN), min_size=5, max_size=5).map(np.array),
    st.lists(st.none() | st.text(max_size=4), min_size=5, max_size=5).map(lambda cells: names(*cells)),
)


@given(st.dictionaries(st.text(max_size=5), columns, max_size=3))
def test_round_trip_through_json(known):
    covariates = Covariates.fit(panel(known=known))
    read = Covariates.from_dict(json.loads(json.dumps(covariates.to_dict())))
    assert read == covariates
    np.testing.assert_array_equal(read.encode_steps(panel(known=known)), covariates.encode_steps(panel(known=known)))


@given(st.lists(st.floats(-1e9, 1e9) | st.just(NAN), min_size=1, max_size=20))
def test_standardised_numbers_have_mean_zero_and_spread_one(values):
    column = np.array(values)
    encoding = Standardised.fit(column)
    encoded = encoding.encode(column)[:, 0].astype(float)
    assert np.isfinite(encoded).all()
    assert (encoded[np.isnan(column)] == 0).all()
    present = encoded[~np.isnan(column)]
    if len(present) and encoding.spread > 1e-6 * np.nanmax(np.abs(column)):
        assert present.mean() == pytest.approx(0, abs=1e-3)
        assert present.std() == pytest.approx(1, abs=1e-3) or np.ptp(column[~np.isnan(column)]) == 0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [1.7e308, 1e300, 1e-300, 0.0])
def test_columns_of_any_size(size):
    column = np.array([size, -size, size, NAN])
    encoding = Standardised.fit(column)
    encoded = encoding.encode(column)
    assert np.isfinite(encoded).all()
    assert np.isfinite([encoding.mean, encoding.spread]).all()
    assert (abs(encoded[:3, 0]) > 0.5).all() == (size > 0)


@pytest.mark.filterwarnings("error")
def test_numbers_far_beyond_those_of_training_stay_finite():
    encoding = Standardised.fit(np.array([1.0, 2.0, 3.0]))
    assert encoding.encode(np.array([1e300, -1e40, 2.0]))[:, 0].tolist() == [100, -100, 0]


@pytest.mark.parametrize("column", [[5e4, 5e4, NAN], [0.1] * 3, [NAN, NAN, NAN], [0.0]])
def test_a_column_that_did_not_vary_in_training_stays_out_of_forecasts(column):
    encoding = Standardised.fit(np.array(column))
    assert encoding.encode(np.array([5.2e4, -1.0, NAN, *column])).tolist() == [[0]] * (3 + len(column))


def test_codes_follow_the_alphabet():
    encoding = Categories.fit(names("b", None, "a", "b"))
    assert encoding.names == ("a", "b")
    assert encoding.codes(names("a", "b", None, "c")).tolist() == [1, 2, 0, 0]


def test_only_the_rows_of_training_are_learnt_from(make_panel):
    known = {
        "price": np.array([1.0, 3.0, 99.0, 99.0, 5.0, 7.0, 99.0]),
        "day": np.array(["a", "b", "late", "late", "a", None, "late"], dtype=object),
    }
    panel = make_panel([[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0]], known=known)
    covariates = Covariates.fit(panel, np.array([2, 2]))
    assert covariates.known["price"] == Standardised.fit(np.array([1.0, 3.0, 5.0, 7.0]))
    assert covariates.known["day"] == Categories(("a", "b"))
