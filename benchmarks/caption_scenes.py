"""Scenes of shapes, drawn, and the one caption that each of them allows.

Four kinds, with what tells one caption from another:

- one:      "a small red circle in the top left": two sizes, ten colours, eight shapes, nine places.
- several:  "three green triangles": two to five, alike.
- two:      "a small red circle left of a large blue square": left of, above, above left of, above right of. The upper
            one comes first and, of two at one height, the left one, so that no other caption is true.
- groups:   "one red circle and three blue squares": one to three of each, in a line each, the upper line first; never
            one of each.

Two things of a scene are never alike in both colour and shape.

Combinations are kept from training, each of whose parts is in it often: pairs of colour and shape, in scenes of all
kinds, and, by kind, of place and shape, number and shape, relation and colour and shape (as the first of the two), and
number and colour and shape (in either line). Of each sort about one in thirteen is for validation, where settings are
chosen, and as many others are for the test.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw

COLOURS = {
    "red": (215, 40, 40),
    "orange": (245, 145, 35),
    "yellow": (240, 220, 60),
    "green": (45, 150, 65),
    "cyan": (70, 205, 215),
    "blue": (45, 75, 205),
    "purple": (140, 50, 185),
    "pink": (250, 140, 190),
    "brown": (130, 80, 40),
    "black": (35, 35, 35),
}
SHAPES = ("circle", "square", "triangle", "diamond", "cross", "star", "ring", "heart")
SIZES = {"small": (12.0, 14.5), "large": (21.0, 25.0)}
"""Pixels from the middle outwards, before the picture is halved."""
PLACES = (
    "in the top left", "at the top", "in the top right", "on the left", "in the middle", "on the right",
    "in the bottom left", "at the bottom", "in the bottom right",
)  # fmt: skip
RELATIONS = {"left of": 0, "above left of": 45, "above": 90, "above right of": 135}
"""The direction from the first to the second, in degrees clockwise from the right."""
NUMBERS = ("one", "two", "three", "four", "five")
KINDS = ("one", "several", "two", "groups")
SIDE = 128
"""Pixels of a side, before the picture is halved."""

Kind = Literal["one", "several", "two", "groups"]
Part = Literal["training", "validation", "test"]
Combination = tuple[str, ...]


@dataclass(frozen=True)
class Thing:
    """One shape, or a number of them alike."""

    colour: str
    shape: str
    size: str = "small"
    number: int = 1

    @property
    def words(self) -> str:
        """Such as "three green triangles"."""
        plural = "" if self.number == 1 else "es" if self.shape == "cross" else "s"
        return f"{NUMBERS[self.number - 1]} {self.colour} {self.shape}{plural}"


@dataclass(frozen=True)
class Scene:
    """What there is to see."""

    kind: Kind
    things: tuple[Thing, ...]
    relation: str = ""
    """For one thing its place."""

    @property
    def caption(self) -> str:
        """The one caption that is right."""
        if self.kind in ("several", "groups"):
            return " and ".join(thing.words for thing in self.things)
        sized = [f"a {thing.size} {thing.colour} {thing.shape}" for thing in self.things]
        return f" {self.relation} ".join(sized) if self.kind == "two" else f"{sized[0]} {self.relation}"

    def combinations(self) -> Iterator[Combination]:
        """What may be kept from training: its pairs, and what is particular to its kind."""
        for thing in self.things:
            yield thing.colour, thing.shape
            if self.kind == "several":
                yield NUMBERS[thing.number - 1], thing.shape
            if self.kind == "groups":
                yield NUMBERS[thing.number - 1], thing.colour, thing.shape
        if self.kind == "one":
            yield self.relation, self.things[0].shape
        if self.kind == "two":
            yield self.relation, self.things[0].colour, self.things[0].shape


def _kept() -> dict[Combination, Part]:
    """Which combinations are for validation and which for the test: of each sort about every thirteenth, for each.

    Colours, shapes and the rest are counted through so that every one of them stays in training in most combinations.
    """
    kept: dict[Combination, Part] = {}
    parts: dict[int, Part] = {0: "test", 3: "validation"}
    for (c, colour), (s, shape) in product(enumerate(COLOURS), enumerate(SHAPES)):
        if (c + 3 * s) % 13 in parts:
            kept[colour, shape] = parts[(c + 3 * s) % 13]
            continue
        for r, relation in enumerate(RELATIONS):
            if (c + 2 * s + 4 * r) % 13 in parts:
                kept[relation, colour, shape] = parts[(c + 2 * s + 4 * r) % 13]
        for n, number in enumerate(NUMBERS[:3]):
            if (4 * c + s + 5 * n) % 13 in parts:
                kept[number, colour, shape] = parts[(4 * c + s + 5 * n) % 13]
    for (p, place), (s, shape) in product(enumerate(PLACES), enumerate(SHAPES)):
        if (p + 4 * s) % 13 in parts:
            kept[place, shape] = parts[(p + 4 * s) % 13]
    for (n, number), (s, shape) in product(enumerate(NUMBERS[1:]), enumerate(SHAPES)):
        if (4 * n + s) % 13 in parts:
            kept[number, shape] = parts[(4 * n + s) % 13]
    return kept


KEPT = _kept()


def draw_scene(kind: Kind, random: np.random.Generator) -> Scene:
    """A scene of that kind: every one is as likely, but for those that another caption would fit as well."""

    def thing(most: int = 1, least: int = 1) -> Thing:
        size = _pick(tuple(SIZES), random) if kind in ("one", "two") else "small"
        number = int(random.integers(least, most + 1))
        return Thing(_pick(tuple(COLOURS), random), _pick(SHAPES, random), size, number)

    if kind == "one":
        return Scene(kind, (thing(),), _pick(PLACES, random))
    if kind == "several":
        return Scene(kind, (thing(5, least=2),))
    while True:
        relation = _pick(tuple(RELATIONS), random) if kind == "two" else ""
        first, second = (thing(1 if kind == "two" else 3) for _ in range(2))
        alike = (first.colour, first.shape) == (second.colour, second.shape)  # "two red circles"
        if not alike and (kind == "two" or first.number + second.number > 2):  # one and one: a scene of two
            return Scene(kind, (first, second), relation)


def _pick(names: Sequence[str], random: np.random.Generator) -> str:
    return names[int(random.integers(len(names)))]


def scenes(kind: Kind, part: Part, count: int, random: np.random.Generator, sort: str = "any") -> list[Scene]:
    """So many scenes of a kind. Those of training hold no kept combination.

    Of the other parts each holds one that is kept for it, and none that is kept for the other; `sort` says of which
    sort: "pair" of colour and shape, "other", or "any".
    """
    found: list[Scene] = []
    while len(found) < count:
        scene = draw_scene(kind, random)
        kept = {KEPT[c]: c for c in scene.combinations() if c in KEPT}
        pairs = any(c in KEPT and c[0] in COLOURS for c in scene.combinations())
        if set(kept) == (set() if part == "training" else {part}) and sort in ("any", "pair" if pairs else "other"):
            found.append(scene)
    return found


def paint(scene: Scene, random: np.random.Generator) -> Image.Image:
    """The scene as a picture of 64 x 64 pixels: where exactly, how large and in which shade is up to chance."""
    grey = int(random.integers(235, 256))
    image = Image.new("RGB", (SIDE, SIDE), (grey,) * 3)
    canvas = ImageDraw.Draw(image)
    for thing, middles in zip(scene.things, _middles(scene, random), strict=True):
        shade = tuple(int(np.clip(c + random.integers(-12, 13), 0, 255)) for c in COLOURS[thing.colour])
        radius = random.uniform(*SIZES[thing.size])
        for middle in middles:
            _shape(canvas, thing.shape, middle, radius * random.uniform(0.94, 1.06), shade, (grey,) * 3)
    noise = random.normal(0, 2, (SIDE // 2, SIDE // 2, 1))
    return Image.fromarray(np.clip(np.asarray(image.reduce(2)) + noise, 0, 255).astype(np.uint8))


def _middles(scene: Scene, random: np.random.Generator) -> list[list[tuple[float, float]]]:
    """Where the middle of each shape of each thing is."""
    if scene.kind == "one":
        down, right = divmod(PLACES.index(scene.relation), 3)
        return [[(28 + 36 * right + random.uniform(-5, 5), 28 + 36 * down + random.uniform(-5, 5))]]
    if scene.kind == "several":
        return [_apart(scene.things[0].number, random)]
    if scene.kind == "groups":
        top = random.uniform(24, 40)
        lines = (top, top + random.uniform(42, 60))
        return [_line(thing.number, y, random) for thing, y in zip(scene.things, lines, strict=True)]
    angle = math.radians(RELATIONS[scene.relation] + random.uniform(-12, 12))
    distance = random.uniform(58, 68)
    across, down = distance * math.cos(angle), distance * math.sin(angle)  # type: ignore[assignment]
    x, y = (random.uniform(max(27, 27 - step), min(101, 101 - step)) for step in (across, down))
    return [[(x, y)], [(x + across, y + down)]]


def _apart(count: int, random: np.random.Generator) -> list[tuple[float, float]]:
    """So many points, none near another."""
    while True:
        points = random.uniform(17, SIDE - 17, (count, 2))
        between = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
        if between[np.triu_indices(count, 1)].min(initial=SIDE) > 34:
            return [(float(x), float(y)) for x, y in points]


def _line(count: int, y: float, random: np.random.Generator) -> list[tuple[float, float]]:
    step = random.uniform(34, 38)
    first = random.uniform(18, SIDE - 18 - step * (count - 1))
    return [(first + k * step, y + random.uniform(-2, 2)) for k in range(count)]


def _shape(
    canvas: ImageDraw.ImageDraw,
    shape: str,
    middle: tuple[float, float],
    radius: float,
    shade: tuple[int, ...],
    ground: tuple[int, ...],
) -> None:
    x, y = middle
    if shape in ("circle", "ring"):
        canvas.ellipse((x - radius, y - radius, x + radius, y + radius), fill=shade)
        hole = radius * 0.55
        if shape == "ring":
            canvas.ellipse((x - hole, y - hole, x + hole, y + hole), fill=ground)
        return
    if shape == "cross":
        arm = radius / 3
        canvas.rectangle((x - radius, y - arm, x + radius, y + arm), fill=shade)
        canvas.rectangle((x - arm, y - radius, x + arm, y + radius), fill=shade)
        return
    if shape == "heart":
        turns = [2 * math.pi * k / 24 for k in range(24)]
        canvas.polygon(
            [
                (
                    x + radius * math.sin(t) ** 3,
                    y - radius / 16 * (13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)),
                )
                for t in turns
            ],
            fill=shade,
        )
        return
    corners = {"square": 4, "triangle": 3, "diamond": 4, "star": 10}[shape]
    turn = math.pi / 4 if shape == "square" else 0.0
    points = []
    for k in range(corners):
        reach = radius * (0.42 if shape == "star" and k % 2 else 1.1)
        angle = turn + 2 * math.pi * k / corners - math.pi / 2
        points.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
    canvas.polygon(points, fill=shade)
