"""What a mainland plate can say: alphabet, patterns and kinds.

Sources: GA 36 (civil plates: 31 provinces first, an area letter, no I or O in serials; new-energy plates have eight
characters with the energy letter third or last), the army and armed police patterns as seen on real plates.
"""

from dataclasses import dataclass
from enum import StrEnum

PROVINCES = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
DIGITS = "0123456789"
SPECIAL = "学挂警使领港澳民航应急试超"
CHARS = PROVINCES + LETTERS + DIGITS + SPECIAL
"""The readers' alphabet; a character's class is its place here plus one, class 0 is the CTC blank."""


class Kind(StrEnum):
    """Plate kinds as the command line names them."""

    BLUE = "blue"
    GREEN = "green"
    YELLOW1 = "yellow1"
    YELLOW2 = "yellow2"
    WHITE = "white"
    BLACK = "black"
    OTHER = "other"


COLOURS = ("blue", "green", "yellow", "white", "black", "other")
"""What the colour head tells apart, in its order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One shape of text.

    Attributes:
        name: for logs and tests.
        places: allowed characters, place by place. A zero in the area place of a civil plate is printed O.
        colours: colours such a plate has.
        rarity: natural logarithm of how often it occurs beside the common civil plate (an estimate).
        two_rows: `True` or `False` where only one form exists, else `None`.
    """

    name: str
    places: tuple[str, ...]
    colours: frozenset[str]
    rarity: float = 0.0
    two_rows: bool | None = None


_AREA = LETTERS + "0"
_SERIAL = LETTERS + DIGITS
_ARMY = "ABCDEGHJKLNSVXYZ"  # no W: that begins the plates of the armed police
_CIVIL = frozenset({"blue", "yellow", "black"})


def _civil(last: str, **facts: object) -> tuple[str, ...]:
    del facts
    return (PROVINCES, _AREA, _SERIAL, _SERIAL, _SERIAL, _SERIAL, last)


PATTERNS = (
    Pattern(name="civil", places=_civil(_SERIAL), colours=_CIVIL),
    Pattern(
        name="new energy, small",
        places=(PROVINCES, _AREA, "ABCDEFGHJK", _SERIAL, *(DIGITS,) * 4),
        colours=frozenset({"green"}),
        two_rows=False,
    ),
    Pattern(
        name="new energy, large",
        places=(PROVINCES, _AREA, *(DIGITS,) * 5, "DFABCEGHJK"),
        colours=frozenset({"green"}),
        rarity=-1.5,
        two_rows=False,
    ),
    Pattern(name="trailer", places=_civil("挂"), colours=frozenset({"yellow"}), rarity=-1.0),
    Pattern(name="learner", places=_civil("学"), colours=frozenset({"yellow"}), rarity=-1.0),
    Pattern(name="trial", places=_civil("试超"), colours=frozenset({"yellow", "white", "blue"}), rarity=-3.0),
    Pattern(name="police", places=_civil("警"), colours=frozenset({"white"}), rarity=-1.0, two_rows=None),
    Pattern(name="consulate", places=_civil("领"), colours=frozenset({"black", "white"}), rarity=-1.5),
    Pattern(
        name="hong kong, macao",
        places=("粤", "Z", *(_SERIAL,) * 4, "港澳"),
        colours=frozenset({"black"}),
        rarity=-1.0,
        two_rows=False,
    ),
    Pattern(
        name="embassy",
        places=("使", *(DIGITS,) * 6),
        colours=frozenset({"black"}),
        rarity=-1.5,
        two_rows=False,
    ),
    Pattern(
        name="armed police",
        places=("W", "J", PROVINCES, *(DIGITS,) * 4, _SERIAL),
        colours=frozenset({"white"}),
        rarity=-1.0,
    ),
    Pattern(
        name="armed police, before 2013",
        places=("W", "J", *(DIGITS,) * 7),
        colours=frozenset({"white"}),
        rarity=-2.0,
        two_rows=False,
    ),
    Pattern(name="army", places=(_ARMY, LETTERS, *(DIGITS,) * 5), colours=frozenset({"white"}), rarity=-1.0),
    Pattern(
        name="emergency",
        places=(PROVINCES, "XS", *(DIGITS,) * 4, "应", "急"),
        colours=frozenset({"white"}),
        rarity=-3.0,
        two_rows=False,
    ),
    Pattern(
        name="civil aviation",
        places=("民", "航", LETTERS, *(DIGITS,) * 4),
        colours=frozenset({"other", "green"}),
        rarity=-2.0,
        two_rows=False,
    ),
    Pattern(
        name="farm",
        places=(PROVINCES, *(DIGITS,) * 7),
        colours=frozenset({"other", "green"}),
        rarity=-2.5,
        two_rows=True,
    ),
)
"""Every pattern that is read. Grammar for a read that fits none: the gate does not open by itself."""


def fits(pattern: Pattern, text: str) -> bool:
    """Whether the whole text has the pattern's shape (`0` in the area place stands for the letter O)."""
    return len(text) == len(pattern.places) and all(
        c in place for c, place in zip(text, pattern.places, strict=True)
    )


def pattern_of(text: str) -> Pattern | None:
    """The commonest pattern the text fits, or `None`. The printed O of an area counts as its zero."""
    plain = text.replace("O", "0").replace("I", "1")
    return next((p for p in PATTERNS if fits(p, plain)), None)


def printed(text: str, pattern: Pattern) -> str:
    """The text as people write it: a zero in the area place of a civil plate is the letter O."""
    if len(text) > 1 and text[1] == "0" and text[0] in PROVINCES and pattern.name != "farm":
        return text[0] + "O" + text[2:]
    return text


def kind_of(pattern: Pattern | None, colour: str, two_rows: bool) -> Kind:
    """The kind that text, colour and rows say together; the text wins where it leaves one kind only."""
    if pattern is not None:
        if pattern.colours == {"green"}:
            return Kind.GREEN
        if len(pattern.colours) == 1:
            colour = next(iter(pattern.colours))
        elif "other" in pattern.colours:
            colour = "other"
    if colour == "yellow":
        return Kind.YELLOW2 if two_rows else Kind.YELLOW1
    if colour == "green" and pattern is not None and pattern.name == "civil":
        return Kind.OTHER
    return Kind(colour)


def colour_agrees(pattern: Pattern | None, colour: str) -> bool:
    """Whether a plate of this pattern may have this colour."""
    return pattern is not None and colour in pattern.colours
