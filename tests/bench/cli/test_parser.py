"""What all commands share: help, options with several values, and what an error says."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.cli.main import main
from bench.cli.parser import Arguments, Verb, Verbs, many, spread
from tests.helpers.cli import parsed


def demo() -> Verb:
    """Return a command with each kind of option."""

    @click.command("dance", cls=Verb, does="move with music", examples=("bench dance --to a b",))
    @many("--to", required=True)
    @many("--at", empty=True)
    @many("--by", type=float)
    @many("--song", more=lambda word: word.endswith(".yaml"))
    @click.option("--pair", nargs=2, type=float)
    @click.option("--one")
    @click.option("--fast", is_flag=True)
    @click.argument("where", nargs=-1)
    def dance(arguments: Arguments) -> Arguments:
        return arguments

    assert isinstance(dance, Verb)
    return dance


def values(*words: str) -> Arguments:
    verb = demo()
    with verb.make_context("dance", list(words)) as context:
        found = verb.invoke(context)
    assert isinstance(found, Arguments)
    return found


def test_the_help_of_a_command_says_what_it_does_and_shows_an_example() -> None:
    verb = demo()
    said = verb.get_help(click.Context(verb, info_name="bench dance"))
    assert said.startswith(
        "usage: bench dance --to VALUE... [OPTIONS] [WHERE]...\n\n  Move with music.\n"
    )
    assert said.endswith("Examples:\n  bench dance --to a b")


def test_an_option_takes_all_values_up_to_the_next_option() -> None:
    found = values("--to", "a", "b", "--fast", "--at", "--pair", "-1", "2", "--to", "c")
    assert found.to == ("a", "b", "c")
    assert (found.at, found.fast, found.pair) == ((), True, (-1.0, 2.0))
    assert values("x", "--to", "a", "--one", "y").where == ("x",)
    assert values("--to=a", "x").where == ("x",)
    assert values("--to", "a", "--", "x", "--to").where == ("x", "--to")
    assert values("--to", "a", "--by", "-1", "-2.5e3", "1").by == (-1.0, -2500.0, 1.0)


def test_an_option_may_say_which_words_are_more_values() -> None:
    found = values("--to", "a", "--song", "waltz", "b.yaml", "x", "c.yaml", "--fast")
    assert (found.song, found.where, found.to) == (("waltz", "b.yaml"), ("x", "c.yaml"), ("a",))


@given(
    st.lists(
        st.text("abc.-_/", min_size=1).filter(lambda word: not word.startswith("-")), min_size=1
    )
)
def test_no_value_is_lost_or_changes_its_place(words: list[str]) -> None:
    assert values("--fast", "--to", *words).to == tuple(words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--to"], "argument --to: a value expected"),
        (["--to", "--fast"], "argument --to: a value expected"),
        (["--to", "a", "--pair", "1"], "argument --pair: 2 values expected"),
        (["--to", "a", "--one", "--fast"], "argument --one: a value expected"),
        (["--fast"], "the following arguments are required: --to"),
    ],
)
def test_a_value_that_is_missing_is_named(words: list[str], message: str) -> None:
    with pytest.raises(click.UsageError) as caught:
        values(*words)
    assert caught.value.message == message


def test_a_shell_that_completes_a_word_gets_no_error() -> None:
    verb = demo()
    context = verb.make_context("dance", ["--pair", "1"], resilient_parsing=True)
    assert spread(context, ["--to"]) == []


def test_all_missing_options_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["train", "--steps", "3"])
    assert "arguments are required: --run, --data, --module;" in capsys.readouterr().err


def test_commands_stand_in_the_order_and_section_in_which_they_were_added() -> None:
    one, two = Verb("b", does="be", section="X"), Verb("a", does="act", section="X")
    group = Verbs("g", "do", commands=[one, two, Verb("c", does="see", section="Y")])
    said = group.get_help(click.Context(group, info_name="g"))
    assert said.endswith("X:\n  b  be\n  a  act\n\nY:\n  c  see")


def test_the_options_of_a_rule_are_parsed_as_it_writes_them() -> None:
    """`--out`, `--curve` and `--records` are followed by several values."""
    line = "cost --config {} --suite s --out a.html a.md --records r/1.json r/2.json"
    found = parsed(line.split()).values
    assert found["out"] == (Path("a.html"), Path("a.md"))
    assert found["records"] == (Path("r/1.json"), Path("r/2.json"))
    line = "cost --plan --config a.yaml b.yaml --cores 2 8"
    found = parsed(line.split()).values
    assert (found["config"], found["cores"]) == (("a.yaml", "b.yaml"), (2, 8))


def test_an_error_names_the_help_of_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["data", "verify"])
    message = capsys.readouterr().err.splitlines()[-1]
    assert message == (
        "bench data verify: error: the following arguments are required: FOLDER; "
        "`bench data verify --help` explains the command"
    )
