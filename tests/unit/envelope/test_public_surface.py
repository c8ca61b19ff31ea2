"""What `rogatory.envelope` offers is frozen."""

from rogatory import envelope


def test_all_is_what_is_offered() -> None:
    """Every name is there, once, and sorted: constants, classes, functions."""
    assert [name for name in envelope.__all__ if not hasattr(envelope, name)] == []
    assert len(set(envelope.__all__)) == len(envelope.__all__)

    def group(name: str) -> tuple[int, str]:
        return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)

    assert sorted(envelope.__all__, key=group) == envelope.__all__
