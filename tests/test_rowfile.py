"""The file of a batch: text in, rows out, each as the words of a `make` of its own."""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from studio import arguments, rowfile
from studio.commands import OF_THE_WHOLE
from studio.errors import UsageError
from studio.options import OPTIONS
from studio.rowfile import FIELDS, Row

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)
WORD = st.text(st.characters(codec="utf-8", min_codepoint=32), min_size=1).map(str.strip).filter(bool)
PROMPT = TEXT.filter(str.strip)
NAME = WORD.filter(lambda name: "=" not in name)
PLAIN = st.fixed_dictionaries(
    {"prompt": PROMPT},
    optional={
        "model": WORD,
        "task_type": WORD,
        "size": WORD,
        "aspect_ratio": WORD,
        "out": WORD,
        "user_id": WORD,
        "input_video": WORD,
        "n": st.integers(1, 10),
        "seed": st.integers(-1, 2**32 - 1),
    },
)
"""Fields that are one text or number."""
ROWS = st.lists(PLAIN, min_size=1, max_size=4)
ENDS = st.sampled_from(["\n", "\r\n"])


def read(text: str, *words: str, table: bool = False) -> list[Row]:
    return rowfile.read(text, arguments.parse(["batch", "rows", *words]), table=table)


def made(row: Row) -> argparse.Namespace:
    return arguments.parse(["make", *row.words])


def one(text: str, *words: str, table: bool = False) -> argparse.Namespace:
    """The command that the only row of a file stands for."""
    (row,) = read(text, *words, table=table)
    return made(row)


def no(text: str, *words: str, table: bool = False) -> UsageError:
    with pytest.raises(UsageError) as stopped:
        read(text, *words, table=table)
    return stopped.value


def as_csv(rows: list[dict[str, Any]], delimiter: str = ",", end: str = "\r\n") -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    bare = any("\r" in str(cell) for row in rows for cell in row.values())  # what Python's writer lets stand
    quoted: Any = {"quoting": csv.QUOTE_ALL} if bare else {}
    table = csv.DictWriter(text, names, delimiter=delimiter, lineterminator=end, **quoted)
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


def shown(command: argparse.Namespace, row: dict[str, Any]) -> dict[str, Any]:
    return {name: getattr(command, name) for name in row}


# --- whatever stands there -------------------------------------------------------------------------------


ODD = st.one_of(
    st.text(),
    st.text('{}[]":,\\\n\r\t\ufeffn0e-. promtse|=;'),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*FIELDS, "x"]) | st.text(), inner),
    ).map(json.dumps),
)


@given(ODD, st.booleans())
@example("[" * 100_000, False)
@example('{"prompt":' + "[" * 100_000, False)
@example('{"prompt":"a","n":' + "9" * 5000 + "}", False)
@example('prompt\n"', True)
@example("prompt\n" + "x" * 200_000, True)
@example('prompt,set\na,"{"', True)
def test_any_text_ends_in_rows_or_in_an_error_that_names_its_line(text: str, table: bool) -> None:
    try:
        rows = read(text, table=table)
    except UsageError as why:
        whole = why.kind in {"no_rows", "too_many_rows"} or "one array" in why.message
        assert whole or re.match(r"Line \d+: \S", why.message), why.message  # noqa: PT017
        return
    assert [row.line for row in rows] == sorted({row.line for row in rows})
    for row in rows:
        try:
            made(row)
        except UsageError:
            continue


@given(ROWS, ENDS, st.booleans(), st.booleans())
def test_what_a_row_of_json_says_is_what_its_command_says(
    rows: list[dict[str, Any]], end: str, mark: bool, ascii: bool
) -> None:
    text = end.join(json.dumps(row, ensure_ascii=ascii) for row in rows)
    found = read(("\ufeff" if mark else "") + text)
    assert [row.line for row in found] == list(range(1, len(rows) + 1))
    assert [shown(made(row), said) for row, said in zip(found, rows, strict=True)] == rows


@given(
    st.lists(PLAIN, min_size=1, max_size=4),
    st.sampled_from(",;\t"),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_what_a_row_of_a_table_says_is_what_its_command_says(
    rows: list[dict[str, Any]], delimiter: str, end: str, mark: bool
) -> None:
    """Quoted newlines, quotes and delimiters in it, whatever the delimiter is."""
    rows = [{"size": "1K", "n": 1, **row} for row in rows]  # so that there is a delimiter
    found = read(("\ufeff" if mark else "") + as_csv(rows, delimiter, end), table=True)
    assert [shown(made(row), said) for row, said in zip(found, rows, strict=True)] == rows


VALUE = st.one_of(
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1), st.integers(), st.booleans()
)


@given(st.dictionaries(NAME, VALUE), st.dictionaries(NAME, VALUE))
def test_parameters_by_name_keep_their_types_and_the_rows_own_count(
    given: dict[str, Any], said: dict[str, Any]
) -> None:
    row = json.dumps({"prompt": "a", "set": said})
    command = one(row, f"--extra-params={json.dumps(given)}") if given.keys().isdisjoint(said) else one(row)
    both = {**given, **said} if given.keys().isdisjoint(said) else said
    assert arguments.parameters(command) == both


# --- what a row may say ----------------------------------------------------------------------------------


def test_a_row_has_every_option_of_make_that_is_not_of_the_whole() -> None:
    of_make = {option.name for option in OPTIONS if "make" in option.commands}
    assert set(FIELDS) == {
        option.name
        for option in OPTIONS
        if "batch" in option.commands and option.name in of_make - OF_THE_WHOLE
    }
    for name in ("approve", "yes", "max_credits", "idempotency_key", "force_new", "api_key", "language"):
        assert no(json.dumps({"prompt": "a", name: "x"})).kind == "bad_row"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("promt", "prompt"),
        ("aspect ratio", "aspect_ratio"),
        ("input_image", "input_images"),
        ("Modell", "model"),
    ],
)
@pytest.mark.parametrize("table", [False, True], ids=["JSON", "CSV"])
def test_a_name_that_no_row_has_stops_with_the_nearest(said: str, meant: str, table: bool) -> None:
    text = f"{said},prompt\nx,y" if table else json.dumps({"prompt": "y", said: "x"})
    why = no(text, table=table)
    assert f"no row has {said!r}. Did you mean {meant}?" in why.message
    assert why.message.startswith("Line 1: ")


def test_a_name_of_the_file_may_be_written_as_the_flag_is() -> None:
    command = one('{"--Prompt": "a", "Aspect-Ratio": "1:1", "model_id": "m", " SIZE ": "2K"}')
    assert (command.prompt, command.aspect_ratio, command.model, command.size) == ("a", "1:1", "m", "2K")


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ('{"prompt": "a", "prompt": "b"}', False),
        ('{"prompt": "a", "Prompt": "a"}', False),
        ('{"prompt": "a", "model": "x", "model_id": "y"}', False),
        ('{"prompt": "a", "set": {"x": "1", "x": "2"}}', False),
        ("prompt,prompt\na,b", True),
        ("prompt,PROMPT\na,", True),
        ("prompt,set\na,x=1|x=2", True),
    ],
)
def test_what_is_said_twice_is_an_error_and_neither_is_hidden(text: str, table: bool) -> None:
    assert re.match(r"Line [12]: \w+ is there twice\.$", no(text, table=table).message)


def test_a_parameter_whose_name_would_read_as_another_is_an_error() -> None:
    assert "no parameter is called 'size=1K'" in no('{"prompt": "a", "set": {"size=1K": "4K"}}').message


def test_a_mistake_is_told_with_its_line_counted_as_an_editor_counts() -> None:
    assert no('{"prompt": "a"}\r\n\r\n\r\n{"prompt": 1e').message.startswith("Line 4: ")
    assert no('prompt,n\n"a\nb",1\n\n"c\n\nd",1,2', table=True).message.startswith("Line 5: ")
    assert no('prompt\na\n"b"c', table=True).message.startswith("Line 3: ")
    assert [row.line for row in read('prompt\n"a\nb"\n\nc', table=True)] == [2, 5]


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("", False),
        ("\ufeff \n\r\n\t", False),
        ("", True),
        ("prompt", True),
        ("prompt,n\n,,,\n \t \n\n", True),
    ],
)
def test_a_file_without_rows_is_an_error(text: str, table: bool) -> None:
    assert no(text, table=table).kind == "no_rows"


def test_an_array_is_told_how_to_be_written() -> None:
    assert "one object a line" in no('[{"prompt": "a"},\n{"prompt": "b"}]').message


def test_ten_thousand_rows_are_read_and_one_more_is_not() -> None:
    rows = '{"prompt": "a"}\n' * rowfile.MOST_ROWS
    assert len(read(rows)) == rowfile.MOST_ROWS
    assert no(rows + '{"prompt": "a"}').kind == "too_many_rows"


@pytest.mark.parametrize(
    "value",
    ["true", "[1]", '{"a": 1}', '["a", null]'],
    ids=["yes", "a list", "an object", "text and nothing"],
)
def test_a_text_is_a_text_or_a_number(value: str) -> None:
    assert "is text or a number" in no(f'{{"prompt": {value}}}').message


@pytest.mark.parametrize("number", ["2.5", "1e400", "NaN", "-Infinity", "9" * 300, "0", "-1", "1e1000"])
def test_a_number_out_of_range_is_no_row_of_another_number(number: str) -> None:
    (row,) = read(f'{{"prompt": "a", "n": {number}}}')
    with pytest.raises(UsageError, match="--n: must be a whole number"):
        made(row)


def test_a_whole_number_stays_one_however_it_is_written() -> None:
    assert [made(row).seed for row in read('{"seed": 7}\n{"seed": 7.0}\n{"seed": "7"}\n{"seed": 0}')] == [
        7,
        7,
        7,
        0,
    ]


# --- cells of a table ------------------------------------------------------------------------------------


def test_a_cell_holds_several_files_parameters_and_yes_or_no() -> None:
    names = "prompt,input_images,set,keep_metadata"
    text = f'{names}\na,"a.png | b,c.png",x=1|y=a=b,Yes\nb,,"{{""x"": 1.5}}",no\nc,d.png,,\n'
    first, second, third = map(made, read(text, table=True))
    assert (first.input_images, first.set, first.keep_metadata) == (
        ["a.png", "b,c.png"],
        [("x", "1"), ("y", "a=b")],
        True,
    )
    assert (second.input_images, second.extra_params, second.keep_metadata) == (None, {"x": 1.5}, False)
    assert (third.input_images, third.set, third.keep_metadata) == (["d.png"], None, False)


def test_blank_cells_say_nothing_and_those_behind_the_last_name_are_none() -> None:
    text = "\nprompt;size;keep_metadata;;\na; ;  ;;\nb;2K;;;\n"
    assert [(made(row).prompt, made(row).size) for row in read(text, table=True)] == [
        ("a", None),
        ("b", "2K"),
    ]
    assert "it has 3 cells" in no("prompt,n\na,1,b", table=True).message


def test_chinese_in_a_table_is_what_it_was() -> None:
    command = one("\ufeffprompt;aspect_ratio\r\n一只红狐狸，雪地；“夜”;横图\r\n", table=True)
    assert (command.prompt, command.aspect_ratio) == ("一只红狐狸，雪地；“夜”", "横图")


@pytest.mark.parametrize("said", ["maybe", "2", "on"])
def test_yes_and_no_are_what_they_are_called(said: str) -> None:
    assert "keep_metadata is true or false" in no(f"prompt,keep_metadata\na,{said}", table=True).message


# --- what all of them say --------------------------------------------------------------------------------


def test_what_a_row_does_not_say_the_command_says_and_the_rows_own_word_counts() -> None:
    rows = '{"prompt": "a"}\n{"prompt": "b", "size": "4K", "n": 2, "seed": 5}\n{"size": "", "seed": null}'
    first, second, third = map(
        made, read(rows, "--size", "2K", "--seed", "0", "--prompt", "c", "--out", "x y")
    )
    assert shown(first, {"prompt": 0, "size": 0, "n": 0, "seed": 0}) == {
        "prompt": "a",
        "size": "2K",
        "n": None,
        "seed": 0,
    }
    assert (second.size, second.n, second.seed, second.out) == ("4K", 2, 5, "x y")
    assert (third.prompt, third.size, third.seed) == ("c", "2K", 0)


def test_a_row_may_say_no_to_what_all_of_them_say() -> None:
    no_row, row = map(made, read('{"keep_metadata": false}\n{}', "--keep-metadata", "--prompt", "a"))
    assert (no_row.keep_metadata, row.keep_metadata) == (False, True)


def test_parameters_of_the_command_stay_unless_the_row_names_them() -> None:
    words = ("--set", "x=1", "--set", "y=2", "--extra-params", '{"z": 3}')
    command = one('{"prompt": "a", "set": {"x": "9", "w": 4}}', *words)
    assert arguments.parameters(command) == {"x": "9", "y": "2", "z": 3, "w": 4}
    assert no('{"prompt": "a"}', "--set", "x=1", "--set", "x=2").message == "x is there twice."


def test_words_that_look_like_flags_are_words() -> None:
    command = one('{"prompt": "--yes", "input_images": ["--approve=x", "-"], "user_id": "--home"}')
    assert (command.prompt, command.user_id) == ("--yes", "--home")
    assert command.input_images == ["./--approve=x", "./-"]
    assert not command.yes
