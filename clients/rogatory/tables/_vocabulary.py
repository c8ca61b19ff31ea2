"""The words of the tables: enum names of the protos in lower case without prefix."""

from collections.abc import Iterable
from types import MappingProxyType
from typing import Generic, TypeVar

from rogatory.v1 import clarification_pb2, disclosure_pb2, removal_pb2

N = TypeVar("N", bound=int)


class Words(Generic[N]):
    """The names of one enum, both ways, without UNSPECIFIED."""

    def __init__(self, values: Iterable[tuple[str, N]], prefix: str) -> None:
        """Take the values of an enum whose names begin with the prefix."""
        self.numbers = MappingProxyType(
            {
                name.removeprefix(prefix).lower(): number
                for name, number in values
                if number
            }
        )
        self._names = {number: name for name, number in self.numbers.items()}

    def name(self, number: N) -> str:
        """Return the word for a number; the number itself if it is none of ours."""
        return self._names.get(number) or (str(int(number)) if number else "")


CLASSIFICATIONS = Words(removal_pb2.Classification.items(), "CLASSIFICATION_")
LOCATOR_TYPES = Words(removal_pb2.LocatorType.items(), "LOCATOR_TYPE_")
HASH_ALGORITHMS = Words(removal_pb2.HashAlgorithm.items(), "HASH_ALGORITHM_")
OUTCOMES = Words(removal_pb2.ItemOutcome.items(), "ITEM_OUTCOME_")
GROUNDS = Words(clarification_pb2.ClarificationGround.items(), "CLARIFICATION_GROUND_")
DATA_CATEGORIES = Words(disclosure_pb2.DataCategory.items(), "DATA_CATEGORY_")
IDENTIFIER_TYPES = Words(disclosure_pb2.IdentifierType.items(), "IDENTIFIER_TYPE_")
