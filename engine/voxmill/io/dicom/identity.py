"""Who a header is of, and where a text repeats it: the names of regions, which people write by hand.

A word of a name counts from four letters on, within another word where capitals set it off (GTVSmith), and from six on
anywhere in it; a shorter one where all words of the name are there, or beside one that counts. A number (of a patient,
an admission, a device …) counts as a whole, within another word from six letters and digits on, and one of up to three
digits never; a place as a whole, and the longer words of an address. Otherwise capitals, accents, signs between words
and the order of names do not matter. Any UID and any date counts, whosever it is; one of the header however it is
written.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise, permutations

from pydicom.dataset import Dataset

from voxmill.io.dicom.identifying import (
    ANYWHERE,
    DATE,
    NO_NUMBER,
    SHORTEST,
    UID,
    dates,
    numbers,
    persons,
    places,
    streets,
)

LATIN = "A-Za-z\u00c0-\u024f\u1e00-\u1eff"
TOKEN = re.compile(rf"[{LATIN}]+|[^\W\d_{LATIN}]+|\d+")
WITHHELD = "[withheld]"
"""What stands in sentences for what they repeat of a header."""
EMPTY = re.compile(r"\(\s*\)|\[\s*\]")
IDEOGRAPHS = "\u2e80"
"""Where the scripts begin of which two signs are a name: each counts for two letters."""
PLAIN = {"ø": "o", "å": "a", "æ": "a", "œ": "o", "ł": "l", "đ": "d"}
SPELT = {**PLAIN, "ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae", "œ": "oe"}
"""Letters as people write them who have no such keys; of others, what is left without the accent."""
Words = tuple[str, ...]
Day = tuple[int, int, int]


@dataclass(frozen=True)
class Identity:
    """What identifies in headers; folded. Those of several headers can be joined.

    names: of persons and streets, by their words. numbers: those, places and dates, in one word each. days: dates by
    their three numbers, in any order that people have.
    """

    names: frozenset[Words] = frozenset()
    numbers: frozenset[str] = frozenset()
    days: frozenset[Day] = frozenset()

    @classmethod
    def of(cls, header: Dataset) -> "Identity":
        """What identifies in a header; a name with digits is a number."""
        named, dated = list(persons(header)), list(dates(header))
        names = [one for one in named if not re.search(r"\d", one)]
        numbered = [*numbers(header), *(one for one in named if one not in names), *places(header)]
        numbered += [one for date in dated for one in _in_one_number(date)]
        joined = ("".join(_words(one, PLAIN)) for one in numbered)
        return cls(
            frozenset(_words(one, letters) for one in (*names, *streets(header)) for letters in (PLAIN, SPELT)) - {()},
            frozenset(one for one in joined if not NO_NUMBER.fullmatch(one)),
            frozenset(day for date in dated for day in _days(date)),
        )

    def __or__(self, other: "Identity") -> "Identity":
        return Identity(self.names | other.names, self.numbers | other.numbers, self.days | other.days)

    def is_in(self, written: str) -> bool:
        """Whether a text repeats something that identifies."""
        return bool(self._found(*_tokens(written)))

    def withheld(self, sentence: str) -> str:
        """A sentence with `[withheld]` in place of all words that repeat what identifies."""
        whole, tokens = _tokens(sentence)
        found = self._found(whole, tokens)
        kept, end = [], 0
        for at in sorted(found):
            kept += [] if at - 1 in found else [whole[end : tokens[at].start()], WITHHELD]
            end = tokens[at].end()
        return "".join([*kept, whole[end:]]) if found else sentence

    def replaced(self, written: str, by: str) -> str:
        """A text with `by` in place of the first words that repeat what identifies, and without the others."""
        whole, tokens = _tokens(written)
        found = self._found(whole, tokens)
        if not found:
            return written
        kept, end = [], 0
        for at, token in enumerate(tokens):
            if at in found:
                kept += [] if at - 1 in found else [whole[end : token.start()]]
                end = token.end()
        first, *others = (*kept, whole[end:])
        left = f"{_apart(first)}{by}{_apart(''.join(others))}"
        return " ".join(EMPTY.sub("", left).split()).strip(" ,;^")

    def _found(self, whole: str, tokens: Sequence[re.Match[str]]) -> Set[int]:
        """Which words of a text repeat what identifies, by their place."""
        words = [_spellings(token[0]) for token in tokens]
        found = {at for at, token in enumerate(tokens) if self._is_in(token[0])}
        for name in self.names:
            found |= _all_of(name, words)
        for number in self.numbers:
            found |= _run_of(number, words)
        found |= _in_days(self.days, whole, tokens)
        for match in (*UID.finditer(whole), *DATE.finditer(whole)):
            found |= {at for at, one in enumerate(tokens) if one.start() < match.end() and match.start() < one.end()}
        parts = {part for name in self.names for part in name}
        return found | {at for at, one in enumerate(words) if found and one & parts}

    @cached_property
    def _alone(self) -> Set[str]:
        """Words that count alone: of names, and two of one in one."""
        single = {part for name in self.names for part in name}
        glued = {"".join(pair) for name in self.names for pair in permutations(name[:5], 2)}
        return {one for one in single | glued if _weight(one) >= SHORTEST}

    def _is_in(self, word: str) -> bool:
        """Whether a word of a name is another word, or in it: a long one anywhere, others where capitals set it off."""
        longest = max(map(len, self._alone), default=0)
        parts = {one for part in _set_off(word, longest) for one in _spellings(part)}
        long = [one for one in self._alone if len(one) >= ANYWHERE]
        return bool(parts & self._alone) or any(one in whole for one in long for whole in _spellings(word))


def _tokens(written: str) -> tuple[str, list[re.Match[str]]]:
    """A text with its accents joined to their letters, and the words in it."""
    whole = unicodedata.normalize("NFC", written)
    return whole, list(TOKEN.finditer(whole))


def _all_of(name: Words, words: Sequence[Set[str]]) -> Set[int]:
    """The places of all words of a name; none unless they are all there, and are no less than all or a few letters."""
    there = {at for at, one in enumerate(words) if one & set(name)}
    is_whole = set(name) <= {word for at in there for word in words[at]}
    is_enough = len(there) == len(words) or (len(name) > 1 and sum(map(_weight, name)) >= SHORTEST)
    return there if is_whole and is_enough else set()


def _run_of(number: str, words: Sequence[Set[str]]) -> Set[int]:
    """The places of words that make a number, one after the other, or that a long one begins or ends in.

    Of a short one, where there is nothing else.
    """
    plain = [min(one, key=len) for one in words]
    joined = "".join(plain)
    place = [at for at, one in enumerate(plain) for _ in one]
    edges = {0, *accumulate(map(len, plain))}
    found: set[int] = set()
    for match in re.finditer(f"(?={re.escape(number)})", joined):
        start, stop = match.start(), match.start() + len(number)
        is_whole = {start, stop} <= edges and (len(number) >= SHORTEST or number == joined)
        if is_whole or _counts_within(number, joined[:start], joined[stop:]):
            found |= set(place[start:stop])
    return found


def _counts_within(number: str, before: str, after: str) -> bool:
    """Whether a number is long, has digits, and does not go on with others where it stands within words."""
    goes_on = any(
        one.isdigit() and other.isdigit() for one, other in ((number[0], before[-1:]), (number[-1], after[:1]))
    )
    return len(number) >= ANYWHERE and any(map(str.isdigit, number)) and not goes_on


def _in_days(days: Set[Day], whole: str, tokens: Sequence[re.Match[str]]) -> Set[int]:
    """The places of three numbers that are a day, with a sign between each two."""
    found: set[int] = set()
    for at, three in enumerate(zip(tokens, tokens[1:], tokens[2:], strict=False)):
        gaps = [whole[one.end() : other.start()] for one, other in pairwise(three)]
        is_date = all(one[0].isdecimal() for one in three) and all(len(gap) == 1 for gap in gaps)
        if is_date and tuple(int(one[0]) for one in three) in days:
            found |= {at, at + 1, at + 2}
    return found


def _apart(part: str) -> str:
    """What stands before or after something, with a space where no other sign is between."""
    before, after = (" " if part[at : at + 1].isalnum() else "" for at in (0, len(part) - 1))
    return f"{before}{part}{after}" if part else ""


def _words(written: str, letters: Mapping[str, str]) -> Words:
    return tuple(_folded(token, letters) for token in TOKEN.findall(unicodedata.normalize("NFC", written)))


def _spellings(word: str) -> Set[str]:
    """A word, folded, in the ways that people write it."""
    return {_folded(word, PLAIN), _folded(word, SPELT)}


def _set_off(word: str, longest: int) -> Iterator[str]:
    """What is between changes of case in a word, of up to so many letters: GTV, Smith, GTVS … of GTVSmith."""
    capitals = [one.isupper() for one in word]
    changes = [at for at in range(1, len(word)) if capitals[at] != capitals[at - 1]]
    edges = sorted({0, len(word), *changes, *(at - 1 for at in changes if capitals[at - 1])})
    for first, start in enumerate(edges):
        near = edges[first + 1 : first + 1 + longest]
        yield from (word[start:stop] for stop in near if stop - start <= longest)


def _folded(word: str, letters: Mapping[str, str]) -> str:
    """A word without capitals and accents."""
    spelt = "".join(letters.get(one, one) for one in word.casefold())
    return "".join(one for one in unicodedata.normalize("NFKD", spelt) if not unicodedata.combining(one))


def _weight(word: str) -> int:
    return sum(2 if one >= IDEOGRAPHS else 1 for one in word)


def _in_one_number(date: str) -> Iterator[str]:
    """A date as people write it in one number, but as DICOM does."""
    year, month, day = date[:4], date[4:6], date[6:]
    yield from (day + month + year, month + day + year)
    yield from (day + month + year[2:], month + day + year[2:], year[2:] + month + day)


def _days(date: str) -> Iterator[Day]:
    """A date as people write it in three numbers."""
    month, day = int(date[4:6]), int(date[6:])
    for year in (int(date[:4]), int(date[2:4])):
        yield from ((day, month, year), (month, day, year), (year, month, day))
