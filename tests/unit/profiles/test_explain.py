"""A profile in plain words."""

from rogatory.profiles import explain, parse_profile, shipped


def test_the_made_up_profile_is_explained() -> None:
    """Who asks, about what, signed by whom, by when, how long kept, how well known."""
    text = explain(parse_profile(shipped()["XX.SUBSCRIBER"]))

    for words in [
        "XX.SUBSCRIBER: Subscriber data (made-up law",
        "exchanges flagged as a test only",
        "An authority (police) may ask for data (disclosure_request)",
        "about: subscriber\n",
        "with the sections: targets, reasons",
        "at most 50 items or tasks",
        "signed by 1 person of the sender (police), as issuer",
        "signed by 1 person of any party (prosecutor), as validator",
        "nobody counts twice",
        "A platform may answer with data, or say why not",
        "or signed by the party's seal alone",
        "Time for the disclosure_report: 10 days, counted from the platform's receipt",
        "Sections and files: kept for 90 days",
        "[made up: made-up Act, section 3(2)]",
        "Whatever is not named here is refused.",
    ]:
        assert words in text


def test_the_korean_profile_is_explained() -> None:
    """What is not stated is said to be so."""
    profile = parse_profile(shipped()["KR.CORRECTION"])

    text = explain(profile)

    for words in [
        "시정요구",
        f"SHA-256 {profile.digest.hex()}",
        "about: any category",
        "Time for the removal_report: without delay",
        "Objection: provider, operator, user within 15 days",
        "the decision takes at most 15 days, and is final",
        "how long to keep is not stated",
        "[the law's own text was read: ",
        "[a rule of this channel, not of the law: ",
    ]:
        assert words in text
    assert "flagged as a test" not in text


def test_a_profile_that_ends_says_when() -> None:
    """The end and its source are shown."""
    until = (
        b"\n[valid_until]\ntime = 2027-01-01T00:00:00Z\n"
        b'confidence = "secondary"\nsource = "a newspaper"\n'
    )

    text = explain(parse_profile(shipped()["KR.CORRECTION"] + until))

    assert "until 2027-01-01T00:00:00+00:00" in text
    assert "[taken from a secondary source: a newspaper]" in text


def test_an_objection_without_a_time_for_the_decision_names_none() -> None:
    """What is not stated is not said."""
    raw = shipped()["KR.CORRECTION"].replace(b'decision = "P15D"\nfinal = true\n', b"")

    text = explain(parse_profile(raw))

    assert "within 15 days" in text
    assert "decision takes" not in text
