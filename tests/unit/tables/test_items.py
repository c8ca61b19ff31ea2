"""The clerk's table of items: what is read, and what is refused by line and column."""

import itertools

import pytest

from rogatory.errors import TableInvalid
from rogatory.tables import ItemRow, parse_items
from rogatory.v1 import removal_pb2

HEADER = "item_id,locator,classification,observed"
ROW = "a-1,https://messenger.example/v/1,ncii_synthetic,2024-09-01T10:30:00+09:00"
SHA256 = "0123456789abcdef" * 4


def read(text: str, encoding: str = "utf-8") -> list[ItemRow]:
    """Parse a table that is given as text."""
    return parse_items(text.encode(encoding), name="items.csv")


def problems(text: str | bytes) -> list[tuple[int, str, str]]:
    """Return the problems of a table that must be refused."""
    raw = text.encode() if isinstance(text, str) else text
    with pytest.raises(TableInvalid) as caught:
        parse_items(raw, name="items.csv")
    assert caught.value.name == "items.csv"
    return caught.value.problems


def only(text: str | bytes) -> tuple[int, str, str]:
    """Return the one problem of a table that must be refused."""
    found = problems(text)
    assert len(found) == 1, found
    return found[0]


def table(*cells: str, header: str = HEADER) -> str:
    """Build a table from rows."""
    return "\n".join([header, *cells]) + "\n"


def test_a_plain_table_becomes_items() -> None:
    """Each row gives the sealed item, the visible classification and its line."""
    [row] = read(table(ROW))

    assert row.line == 2
    assert row.classification == removal_pb2.CLASSIFICATION_NCII_SYNTHETIC
    assert row.item.item_id == "a-1"
    assert row.item.locator_type == removal_pb2.LOCATOR_TYPE_URL
    assert row.item.locator == "https://messenger.example/v/1"
    assert row.item.observe_time.ToJsonString() == "2024-09-01T01:30:00Z"


def test_the_offset_of_the_observer_is_kept() -> None:
    """A court must be able to tell what the officer's clock showed."""
    [row] = read(table(ROW))

    assert row.item.observe_offset_minutes == 540


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le+", "utf-16-be+"]
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_what_spreadsheets_save_is_read(
    separator: str, encoding: str, line_end: str
) -> None:
    """Separators, encodings with mark and line ends of all common programs work."""
    text = table(ROW).replace(",", separator).replace("\n", line_end)
    if encoding.endswith("+"):
        raw = ("\ufeff" + text).encode(encoding.removesuffix("+"))
    else:
        raw = text.encode(encoding)

    [row] = parse_items(raw, name="items.csv")

    assert row.item.locator == "https://messenger.example/v/1"


def test_two_hundred_korean_rows_with_mark_and_semicolons_are_read() -> None:
    """The file of the issue: BOM, `;`, Korean text, 200 rows, a quoted line break."""
    lines = ["item_id;locator;classification;observed;reason;legal_provision"]
    lines += [
        f"{number:03};https://messenger.example/채널/{number};ncii_synthetic;"
        f'2026-11-2{number % 9}T23:59:0{number % 7}+09:00;"불법 합성물; {number}번째\n'
        f'""삭제"" 요청";정보통신망법 44조의7'
        for number in range(1, 201)
    ]
    raw = ("\ufeff" + "\r\n".join(lines)).encode()

    rows = parse_items(raw, name="목록.csv")

    assert len(rows) == 200
    assert rows[199].item.item_id == "200"
    assert rows[199].item.locator == "https://messenger.example/채널/200"
    assert rows[199].item.reason == '불법 합성물; 200번째\n"삭제" 요청'
    assert rows[199].item.legal_provision == "정보통신망법 44조의7"
    assert rows[199].line == 2 + 199 * 2


def test_header_names_may_be_in_any_case_and_spaced() -> None:
    """A header typed by hand works."""
    text = table(ROW, header=" Item_ID , LOCATOR,Classification ,observed")

    assert len(read(text)) == 1


def test_empty_lines_are_passed_over_and_counted() -> None:
    """Empty lines, also those of separators alone, change line numbers only."""
    rows = read(table("", ROW, ",,,", " , ,,", ROW.replace("a-1", "a-2")))

    assert [row.line for row in rows] == [3, 6]


def test_lines_are_physical_behind_cells_of_several_lines() -> None:
    """An editor must show the cell on the line that a message names."""
    header = HEADER + ",reason,media_type"
    text = table(
        ROW + ',"one\ntwo\r\nthree",nonsense', "b" + ROW + ",,nonsense", header=header
    )

    found = problems(text)

    assert [(line, column) for line, column, _ in found] == [
        (4, "media_type"),
        (5, "media_type"),
    ]


def test_hashes_of_both_columns_are_read() -> None:
    """The column sha256 comes first; the functions are named in the other."""
    header = HEADER + ",sha256,hashes"
    pdq = "f" * 64

    [row] = read(
        table(f"{ROW},{SHA256.upper()},pdq:{pdq};md5:{'a' * 32}", header=header)
    )

    assert [(each.algorithm, each.value) for each in row.item.hashes] == [
        (removal_pb2.HASH_ALGORITHM_SHA256, SHA256),
        (removal_pb2.HASH_ALGORITHM_PDQ, pdq),
        (removal_pb2.HASH_ALGORITHM_MD5, "a" * 32),
    ]


def test_an_item_can_be_known_by_its_hash_only() -> None:
    """Hash-only items have no locator."""
    header = "item_id,locator_type,locator,sha256,classification,observed"
    text = table(f"a,hash_only,,{SHA256},csam,2024-09-01T10:30:00Z", header=header)

    [row] = read(text)

    assert row.item.locator == ""
    assert row.item.locator_type == removal_pb2.LOCATOR_TYPE_HASH_ONLY


def test_a_guarded_cell_is_read_without_its_apostrophe() -> None:
    """What we exported comes back as it was."""
    header = HEADER.replace("locator", "locator_type,locator")
    row = ROW.replace("https://messenger.example/v/1", "channel_message_id,'-100/17")

    [parsed] = read(table(row, header=header))

    assert parsed.item.locator == "-100/17"


# --- refusals: the file ---------------------------------------------------------------


def test_latin_1_is_refused_with_line_column_and_advice() -> None:
    """The first byte that does not fit is named by line and column, not shown."""
    text = table(ROW, f"{ROW.replace('a-1', 'a-2')},Café", header=HEADER + ",reason")

    line, column, rule = only(text.encode("latin-1"))

    assert (line, column) == (3, "reason")
    assert "character 79 " in rule
    assert "CSV UTF-8" in rule
    assert "Caf" not in rule


def test_a_korean_code_page_is_refused_in_its_column() -> None:
    """CP949, which Korean Excel saves as plain CSV, is refused likewise."""
    text = table(ROW, header=HEADER).replace(",", ";").replace("v/1", "채널")

    line, column, _ = only(text.encode("cp949"))

    assert (line, column) == (2, "locator")


def test_wrong_bytes_in_the_header_are_refused_on_its_line() -> None:
    """There is no column to name yet."""
    line, column, _ = only(b"item_id,\xe9" + table(ROW).encode())

    assert (line, column) == (1, "")


def test_wrong_bytes_beyond_the_last_column_have_no_column() -> None:
    """There is none to name."""
    line, column, _ = only((table(ROW)[:-1] + ",é").encode("latin-1"))

    assert (line, column) == (2, "")


def test_wrong_bytes_behind_a_cell_of_several_lines_are_on_their_own_line() -> None:
    """The line is the physical one here too."""
    text = table(f'{ROW},"one\ntwo é"', header=HEADER + ",reason")

    line, column, rule = only(text.encode("latin-1"))

    assert (line, column) == (3, "reason")
    assert "character 5 " in rule


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32"])
def test_unmarked_utf_16_and_utf_32_are_refused_with_advice(encoding: str) -> None:
    """Bytes that are no UTF-8 text by intention get the same advice."""
    assert "CSV UTF-8" in only(table(ROW).encode(encoding))[2]


def test_a_torn_utf_16_file_is_refused() -> None:
    """Half a character at the end is no text."""
    line, _, rule = only(table(ROW).encode("utf-16")[:-1])

    assert line == 2
    assert "UTF-16" in rule


@pytest.mark.parametrize("start", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1"])
def test_a_workbook_is_refused_as_such(start: bytes) -> None:
    """A clerk who sends the .xlsx itself is told so."""
    assert "spreadsheet file" in only(start + bytes(100))[2]


def test_a_file_beyond_4_mib_is_refused_before_it_is_read() -> None:
    """The limit and the size are named."""
    rule = only(b"\xff" * (4 * 1024 * 1024 + 1))[2]

    assert "4,194,305" in rule
    assert "4,194,304" in rule


def test_more_than_1000_rows_are_refused_by_the_line_that_is_too_much() -> None:
    """The limit of a message is named before anything is signed."""
    text = table(*(ROW.replace("a-1", f"a-{n}") for n in range(1001)))

    line, _, rule = only(text)

    assert line == 1002
    assert "1,000" in rule


def test_a_thousand_rows_are_read() -> None:
    """The limit itself is allowed."""
    assert (
        len(read(table(*(ROW.replace("a-1", f"a-{n}") for n in range(1000))))) == 1000
    )


@pytest.mark.parametrize("text", ["", "\ufeff", "\n\n", " , ,\n"])
def test_an_empty_file_is_refused(text: str) -> None:
    """The columns that it should have are named."""
    assert "item_id, locator, classification, observed" in only(text)[2]


def test_a_header_without_rows_is_refused() -> None:
    """A request for nothing is not sent."""
    assert only(HEADER) == (1, "", "the table has a header and no rows")


@pytest.mark.parametrize("column", HEADER.split(","))
def test_a_missing_column_is_named(column: str) -> None:
    """Each needed column is refused by name when it is not there."""
    header = HEADER.replace(column, "reason", 1)

    assert only(table(ROW, header=header)) == (1, column, "this column is missing")


def test_an_unknown_column_is_refused_with_a_suggestion() -> None:
    """A misspelt optional column would otherwise be lost in silence."""
    found = only(table(ROW + ",x", header=HEADER + ",legal provison"))

    assert found == (
        1,
        "legal provison",
        "unknown column: is legal_provision meant?",
    )


def test_a_column_that_is_there_twice_is_refused() -> None:
    """Which one counts cannot be guessed."""
    found = only(table(ROW + ",x", header=HEADER + ",locator"))

    assert found == (1, "locator", "this column is there twice")


def test_a_file_without_header_shows_nothing_of_its_first_row() -> None:
    """The first row holds locators, which no message may repeat."""
    line, column, rule = only(ROW)

    assert (line, column) == (1, "")
    assert "no header line" in rule
    assert "example" not in rule


def test_a_header_without_end_is_refused_quickly() -> None:
    """The number of columns is limited before names are compared."""
    line, column, rule = problems(HEADER + ",x" * 100_000 + "\n" + ROW)[0]

    assert (line, column) == (1, "")
    assert rule == "100,004 columns, the limit is 64"


def test_empty_columns_at_the_end_are_passed_over() -> None:
    """Spreadsheets save columns that were once used."""
    assert read(table(ROW + ",,", header=HEADER + ",,"))


def test_a_cell_under_a_column_without_name_is_refused() -> None:
    """Nobody can tell what it is."""
    found = only(table(ROW + ",x", header=HEADER + ","))

    assert found == (2, "", "a cell under a column without a name")


def test_a_quote_that_never_ends_is_refused_where_it_begins() -> None:
    """It would swallow all further rows."""
    text = table(ROW, 'a-2,"https://messenger.example', ROW, ROW)

    assert only(text) == (3, "", "a quote begins here or below and never ends")


def test_text_behind_a_quote_is_refused() -> None:
    """Lax readers differ on what such a cell is."""
    assert only(table('"a"b,x,y,z'))[:2] == (2, "")


def test_more_cells_than_columns_are_refused() -> None:
    """An unquoted separator shifts cells: no locator may land in another column."""
    line, column, rule = only(table(ROW + ",, x"))

    assert (line, column) == (2, "")
    assert "quotes" in rule


# --- refusals: cells ------------------------------------------------------------------


def cell_problem(column: str, value: str) -> str:
    """Return the rule by which a value is refused in a column of a good row."""
    cells = dict(zip(HEADER.split(","), ROW.split(","), strict=True)) | {column: value}
    quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells.values()]
    line, named, rule = only(table(",".join(quoted), header=",".join(cells)))
    assert (line, named) == (2, column)
    return rule


@pytest.mark.parametrize("value", ["1.23E+17", "1,23E+17", "1.23e+17", "2E+05"])
def test_an_id_that_a_spreadsheet_mangled_is_refused_by_name(value: str) -> None:
    """The clerk is told which id, and what to do."""
    rule = cell_problem("item_id", value)

    assert value in rule
    assert "as text" in rule


@pytest.mark.parametrize("value", ["1.23E+17", "1,23E+17"])
def test_a_mangled_locator_is_refused_without_repeating_it(value: str) -> None:
    """A rounded account id would point at somebody else."""
    header = HEADER.replace("locator", "locator_type,locator")
    row = ROW.replace("https://messenger.example/v/1", f'account_id,"{value}"')

    line, column, rule = only(table(row, header=header))

    assert (line, column) == (2, "locator")
    assert "rounded number" in rule
    assert value not in rule


@pytest.mark.parametrize("value", ["#NAME?", "#REF!", "########"])
def test_a_spreadsheets_error_value_is_refused(value: str) -> None:
    """What the spreadsheet could not show is not what the clerk meant."""
    assert "error value" in cell_problem("locator", value)


def test_ids_that_lost_leading_zeros_are_refused_by_name() -> None:
    """Among padded numbers each shorter one has lost zeros."""
    ids = ["0001", "0002", "3", "0004", "15"]

    found = problems(table(*(ROW.replace("a-1", each) for each in ids)))

    assert [line for line, _, _ in found] == [4, 6]
    assert "id 3 is shorter than the others (4 digits)" in found[0][2]


def test_a_single_shorter_number_among_equals_is_refused() -> None:
    """Nobody counts 20240001, 20240007, 123456."""
    ids = ["20240001", "20240007", "123456"]

    found = only(table(*(ROW.replace("a-1", each) for each in ids)))

    assert found[:2] == (4, "item_id")


@pytest.mark.parametrize(
    "ids",
    [range(1, 26), range(9, 13), range(99, 124), [7, 1200, 35], [5, 10], [5]],
)
def test_plain_counts_and_mixed_numbers_are_no_lost_zeros(ids: list[int]) -> None:
    """Ids 1 to 25 are what most clerks use."""
    assert read(table(*(ROW.replace("a-1", str(each)) for each in ids)))


def test_an_id_that_is_there_twice_is_refused_with_the_first_line() -> None:
    """Two rows with one id would get one outcome."""
    found = only(table(ROW, "", ROW))

    assert found == (4, "item_id", "the id a-1 is on line 2 already")


@pytest.mark.parametrize("value", ["a b", "é", "a/1", "x" * 65, "-1", ".a"])
def test_an_id_of_other_characters_is_refused(value: str) -> None:
    """The rule is that of the envelope, so that a signed message is not refused."""
    assert "A-Z a-z 0-9" in cell_problem("item_id", value)


@pytest.mark.parametrize("column", HEADER.split(","))
def test_an_empty_needed_cell_is_refused(column: str) -> None:
    """Each needed cell is refused by its column."""
    assert cell_problem(column, " ") == "this cell is empty"


@pytest.mark.parametrize(
    "value", ["2024-09-01T10:30:00", "2024-09-01 10:30", "2024-09-01T10:30:00.5"]
)
def test_a_time_without_zone_is_refused(value: str) -> None:
    """Nine hours decide whether a deadline was met."""
    assert cell_problem("observed", value).startswith("a time without a zone")


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("2024-09-01", "a date without a time of day"),
        ("01/09/2024 10:30 +09:00", "not a time"),
        ("2024-02-30T10:30:00Z", "there is no such time"),
        ("2024-09-01T24:00:00Z", "not a time"),
        ("2024-09-01T10:60:00Z", "there is no such time"),
        ("2024-09-01T10:30:60Z", "there is no such time"),
        ("0000-09-01T10:30:00Z", "there is no such time"),
        ("2024-09-01T10:30:00+24:00", "there is no such zone"),
        ("2024-09-01T10:30:00+09:60", "there is no such zone"),
        ("0224-09-01T10:30:00Z", "expected a year from 2000 to 2999"),
        ("2024-09-01T10:30:00 KST", "not a time"),
        ("45536.4375", "not a time"),
    ],
)
def test_what_is_no_time_is_refused(value: str, rule: str) -> None:
    """Each misspelling has its own rule."""
    assert cell_problem("observed", value).startswith(rule)


@pytest.mark.parametrize(
    ("value", "utc", "offset"),
    [
        ("2024-09-01T10:30Z", "2024-09-01T10:30:00Z", 0),
        ("2024-09-01 10:30:00 +0900", "2024-09-01T01:30:00Z", 540),
        ("2024-09-01T10:30:00,25-03:30", "2024-09-01T14:00:00.250Z", -210),
        ("2024-09-01T10:30:00.123456789z", "2024-09-01T10:30:00.123456789Z", 0),
    ],
)
def test_common_forms_of_times_are_read(value: str, utc: str, offset: int) -> None:
    """A space for the T, a comma, no seconds: all with a zone."""
    row = ROW.replace("2024-09-01T10:30:00+09:00", f'"{value}"')

    [parsed] = read(table(row))

    assert parsed.item.observe_time.ToJsonString() == utc
    assert parsed.item.observe_offset_minutes == offset


@pytest.mark.parametrize(
    "value",
    ["www.messenger.example/v/1", "see link", "https://a.example/x y", "https://"],
)
def test_a_locator_that_is_no_url_is_refused(value: str) -> None:
    """Wrong locators are the first cause of refusals by platforms."""
    assert "URL" in cell_problem("locator", value)


def test_a_locator_beyond_its_limit_is_refused_by_size() -> None:
    """Bytes count, not characters."""
    rule = cell_problem("locator", "https://a.example/" + "가" * 700)

    assert "2,118 bytes" in rule
    assert "2,048" in rule


@pytest.mark.parametrize(
    ("column", "limit"), [("reason", 4096), ("legal_provision", 512)]
)
def test_texts_beyond_their_limits_are_refused(column: str, limit: int) -> None:
    """The limits are those of the protos."""
    header = f"{HEADER},{column}"

    assert read(table(f"{ROW},{'x' * limit}", header=header))
    assert f"{limit:,}" in only(table(f"{ROW},{'x' * (limit + 1)}", header=header))[2]


@pytest.mark.parametrize("control", ["\0", "\x07", "\x1b", "\x7f", "\x85"])
def test_control_characters_are_refused(control: str) -> None:
    """They hide what a text says."""
    rule = cell_problem("locator", f"https://a.example/{control}x")

    assert rule == "character 19 of the cell is a control character"


@pytest.mark.parametrize(
    ("value", "hint"),
    [("NCII", ""), ("ncii_syntetic", "is ncii_synthetic meant?"), ("포르노", "csam, ")],
)
def test_classifications_are_words_of_the_protocol(value: str, hint: str) -> None:
    """Upper case is fine; anything else gets a suggestion or the list."""
    if not hint:
        assert read(table(ROW.replace("ncii_synthetic", value)))
        return

    rule = cell_problem("classification", value)

    assert hint in rule
    assert value not in rule


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("abc", "expected 64 hex digits, got 3 characters"),
        ("1.23E+63", "rounded number"),
        ("1,23E+63", "rounded number"),
        ("12345E60", "rounded number"),
        ("g" * 64, "expected hex digits only"),
    ],
)
def test_a_wrong_sha256_is_refused(value: str, rule: str) -> None:
    """A mangled hash is told from a short one."""
    text = table(f'{ROW},"{value}"', header=HEADER + ",sha256")

    line, column, found = only(text)

    assert (line, column) == (2, "sha256")
    assert rule in found
    assert value not in found


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("sha512:aa", "function one of md5, sha1"),
        (SHA256, "expected function:value"),
        ("pdq:", "pdq: the value is empty"),
        ("md5:abc", "md5: expected 32 hex digits, got 3"),
        ("photodna:%FF", "photodna: a broken % escape"),
        ("photodna:" + "x" * 8193, "photodna: 8,193 bytes, the limit is 8,192"),
        (";".join(f"vpdq:{n}" for n in range(9)), "9 hashes, the limit is 8"),
        (f"sha256:{SHA256};sha256:{SHA256[::-1]}", "two different SHA-256"),
    ],
)
def test_wrong_hashes_are_refused(value: str, rule: str) -> None:
    """Each rule of the hashes column is named."""
    line, column, found = only(table(f'{ROW},"{value}"', header=HEADER + ",hashes"))

    assert (line, column) == (2, "hashes")
    assert rule in found


def test_the_same_hash_in_both_columns_counts_once() -> None:
    """Some exports repeat it."""
    text = table(f"{ROW},{SHA256},sha256:{SHA256}", header=HEADER + ",sha256,hashes")

    assert len(read(text)[0].item.hashes) == 1


@pytest.mark.parametrize(
    ("cells", "column"), [("hash_only,", "sha256"), ("hash_only,x", "locator")]
)
def test_hash_only_needs_a_hash_and_no_locator(cells: str, column: str) -> None:
    """An item that nothing points at cannot be found."""
    header = "item_id,locator_type,locator,classification,observed"

    found = problems(table(f"a,{cells},csam,2024-09-01T10:30:00Z", header=header))

    assert column in [each[1] for each in found]


def test_all_problems_are_collected_in_the_order_of_the_file() -> None:
    """A clerk corrects a file once."""
    text = table("a b,https://a.example,ncii,2024", ROW, "a-1,x,,")

    found = problems(text)

    assert [(line, column) for line, column, _ in found] == [
        (2, "item_id"),
        (2, "observed"),
        (4, "item_id"),
        (4, "locator"),
        (4, "classification"),
        (4, "observed"),
    ]


def test_at_most_50_problems_are_kept() -> None:
    """More than that nobody reads, and gRPC could not carry."""
    text = table(*(f"a-{n},x,ncii,2024-09-01T10:30:00Z" for n in range(60)))

    assert len(problems(text)) == 50


def test_no_message_repeats_what_cells_hold() -> None:
    """Locators, names and numbers are personal data; ids are not."""
    secret = "gildong.hong"
    columns = [*HEADER.split(","), "media_type", "hashes", "locator_type"]
    good = [*ROW.split(","), "video/mp4", "", ""]

    for place, line_break in itertools.product(range(len(columns)), ["", "\n"]):
        cells = list(good)
        cells[place] = f'"{secret}{line_break} €"'
        text = table(",".join(cells), header=",".join(columns))
        with pytest.raises(TableInvalid) as caught:
            read(text)
        assert secret not in caught.value.explain()
        assert secret not in str(caught.value)
