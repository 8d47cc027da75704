from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from promptops.plugin import CaseFailure, Example, Record, Sample, Scale, Score, Scorer, pass_or_fail
from promptops.scorers._extras import require_library

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_OUTPUT = 20_000
_NAME = r"(?:[°µμΩ%]|[^\W\d_]){1,20}(?:(?:\^|\*\*)-?\d{1,2}|⁻?[¹²³])?"
_JOINT = r"(?:\s?[/*·⋅]\s?|\s+per\s+|\s(?=[^\W\d_]{1,3}(?:\^-|⁻)))"
_QUANTITY = re.compile(
    r"(?<![\w.^])(?<!\d,)(?P<number>[-+−]?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d{1,20})?(?:\.\d{1,20})?(?<=\d)(?:[eE][-+]?\d{1,2})?)"
    r"(?:\s?[×x]\s?10(?:\^|\*\*)(?P<power>[-−]?\d{1,2}))?"
    rf"\s{{0,3}}(?P<unit>(?:(?:square|cubic|degrees?)\s+)?{_NAME}(?:{_JOINT}(?:(?:square|cubic)\s+)?{_NAME}){{0,3}})"
)
_WORDS = re.compile(
    r"(?:a|[ap]m|[AP]M|are|as|at)(?![^\W\d_]|[/*^])|in\s+(?!wide|long|tall|high|deep|thick|by)[^\W\d_]"
)
"""What would be a unit by its letters (year, attometre, inch), and is a word of the sentence."""
_SPELLINGS = (
    (re.compile(r"⁻?[¹²³]"), lambda found: "**" + found[0].translate(str.maketrans("⁻¹²³", "-123"))),
    (
        re.compile(r"(?:°|degrees?\s+)(C|F)(?:elsius|ahrenheit)?\b", re.IGNORECASE),
        lambda found: f"deg{found[1].upper()}",
    ),
    (re.compile(r"square\s+(\w+)"), r"\1**2"),
    (re.compile(r"cubic\s+(\w+)"), r"\1**3"),
    (re.compile(r"\s*\bper\s+"), "/"),
    (re.compile(r"\s*[·⋅]\s*|(?<=\w)\s+(?=\w)"), "*"),
    (re.compile(r"\bKB\b"), "kB"),
    (re.compile(r"\bK([mMgG])\b"), lambda found: f"k{found[1].lower()}"),
)
"""How units are written, and what the library calls them."""
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity(Record):
    """1 when the last quantity in the output is the expected one, in whatever unit: `1.5 km` is `1500 m`.

    `tolerance` is absolute, in the expected unit; `relative_tolerance` a share of the expected number; either is
    enough. A number without a unit, or with one of another kind, is wrong. Needs the extra `units`.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="That makes 1.5 km.", expected="1500 m", score=1.0),
        Example(output="It weighs 2 pounds", expected="1 kg", score=0.0),
        Example(output="about 0.9 kg", expected="2 lb", options={"relative_tolerance": 0.01}, score=1.0),
        Example(output="3 min", expected="181 s", options={"tolerance": 1}, score=1.0),
        Example(output="5 kg", expected="5 m", score=0.0),
    )

    tolerance: float = field(default=0.0, metadata={"ge": 0})
    relative_tolerance: float = field(default=0.0, metadata={"ge": 0})

    def __post_init__(self) -> None:
        require_library("pint", "units")

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        wanted = [found for text in sample.expected_texts() if (found := _last(text)) is not None]
        if not wanted:
            raise CaseFailure("no_expected_quantity", "the expected value holds no quantity with a unit")
        got = _last(sample.output)
        if got is None:
            return pass_or_fail(False, "no quantity with a unit in the output")
        if any(self._fits(got, each) for each in wanted):
            return pass_or_fail(True)
        return pass_or_fail(False, f"got {got}, expected {wanted[0]}")

    def _fits(self, got: Any, wanted: Any) -> bool:
        if got.dimensionality != wanted.dimensionality:
            return False
        try:
            distance = abs(got.to(wanted.units).magnitude - wanted.magnitude)
        except (ArithmeticError, ValueError):
            return False
        slack = max(self.tolerance, self.relative_tolerance * abs(wanted.magnitude))
        # Conversions are not exact in floats.
        return bool(distance <= slack + 1e-9 * abs(wanted.magnitude))


def _last(text: str) -> Any:
    """The last number with a unit that is known; None where there is none."""
    return next(_quantities(text[-LONGEST_OUTPUT:]), None)


def _quantities(text: str) -> Iterator[Any]:
    for match in reversed(list(_QUANTITY.finditer(text))):
        if not _WORDS.match(text, match.start("unit")) and (unit := _unit(match["unit"])) is not None:
            power = 10.0 ** int((match["power"] or "0").replace("−", "-"))
            number = float(match["number"].replace("−", "-").replace(",", ""))
            yield _registry().Quantity(number * power, unit)


@cache
def _registry() -> Any:
    from pint import UnitRegistry

    return UnitRegistry(autoconvert_offset_to_baseunit=True, cache_folder=None)


@lru_cache(maxsize=1_000)
def _unit(name: str) -> Any:
    """The unit of that name; None where nobody knows it."""
    for pattern, written in _SPELLINGS:
        name = pattern.sub(written, name)
    # `Hours` are hours; in short names capitals tell units apart.
    for spelling in dict.fromkeys((name, _LONG_WORD.sub(lambda word: word[0].lower(), name))):
        try:
            unit = _registry().Unit(spelling)
        except Exception:  # noqa: BLE001, S112 - the library raises what its parser and tokenizer raise
            continue
        return unit if str(unit) else None
    return None


PLUGIN: type[Scorer] = Quantity
