"""The commands of `bench` as click shows and parses them: examples, sections, options with several values, errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from types import SimpleNamespace
from typing import Any

import click

from bench.cli.values import did_you_mean

Arguments = SimpleNamespace
COMPLETION = "_BENCH_COMPLETE"  # the variable with which a shell asks for the words that can follow
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Many(click.Option):
    """An option that takes all values up to the next option: `--out a.md b.csv`. It can be given several times. It may
    say which words are its values (`more`); the others are arguments of the command.

    Click has no such option: a command rewrites `--out a b` to `--out a --out b` before it parses (`spread`).
    """

    def __init__(
        self,
        names: Sequence[str],
        empty: bool = False,
        required: bool = False,
        more: Callable[[str], bool] = lambda word: True,
        **settings: Any,
    ) -> None:
        """Make the option.

        Args:
            names: as of click.Option.
            empty: whether it may be given without a value.
            required: whether it must be given, with a value or without.
            more: whether a word after the first value is another one; otherwise it is an argument of the command.
            settings: as of click.Option.
        """
        super().__init__(names, required=required and not empty, **settings | {"multiple": True})
        self.empty, self.needed, self.more = empty, required, more
        self.metavar = f"{_metavar(self)}..."


def many(*names: str, **settings: Any) -> Callable[[Any], Any]:
    """Add an option that takes several values to a command."""
    return click.option(*names, cls=Many, **settings)


class _Named:
    """What commands and groups of commands share: a section of the help, examples, and how usage is spelled."""

    section = ""
    examples: Sequence[str] = ()

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the line of usage, with the options that a command needs."""
        pieces = []
        for param in ctx.command.get_params(ctx):
            if isinstance(param, click.Option) and _needed(param):
                pieces.append(f"{_longest(param)} {_metavar(param)}")
        rest = ctx.command.collect_usage_pieces(ctx)
        formatter.write_usage(ctx.command_path, " ".join([*pieces, *rest]), "usage: ")

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the text at the end of the help, and the examples."""
        super().format_epilog(ctx, formatter)  # type: ignore[misc]
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"{'':>{formatter.current_indent}}{example}\n")


class Verb(_Named, click.Command):
    """A command. Its function gets the values of all options as one object; its context's `obj` calls it, if set.

    Attributes:
        runs_methods: whether it runs code of a method, which a child process does (`bench.core.supervision`).
        attempts: name of the file in the folder of the run that keeps the output of all attempts; None: there is none.
    """

    def __init__(
        self,
        name: str,
        does: str = "",
        section: str = "",
        examples: Sequence[str] = (),
        runs_methods: bool = False,
        attempts: str | None = None,
        **settings: Any,
    ) -> None:
        """Make the command.

        Args:
            name: of the command.
            does: what it does, in the list of commands and as the first line of its help.
            section: of the list of commands.
            examples: whole lines, such as `bench data verify data/generated/hopper-medium/100000-0`.
            runs_methods: as the attribute.
            attempts: as the attribute.
            settings: of click.Command.
        """
        settings.setdefault("context_settings", SETTINGS)
        settings["help"] = f"{does[:1].upper()}{does[1:]}."  # click would take the docstring
        super().__init__(name, short_help=does, **settings)
        self.section, self.examples = section, examples
        self.runs_methods, self.attempts = runs_methods, attempts

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words of the command. An error names all options that are missing."""
        words = spread(ctx, args)
        given = {word.partition("=")[0] for word in args}
        missing = [
            _longest(param)
            for param in self.get_params(ctx)
            if isinstance(param, click.Option) and _needed(param) and given.isdisjoint(param.opts)
        ]
        asks = any(name in given for name in self.get_help_option_names(ctx))
        try:
            rest = super().parse_args(ctx, words)
        except click.MissingParameter as error:
            if isinstance(error.param, click.Argument):
                missing.append(error.param.human_readable_name)
            raise _required(ctx, missing) from None
        if missing and not (
            asks or ctx.resilient_parsing
        ):  # what may be empty, and was not given at all
            raise _required(ctx, missing)
        return rest

    def invoke(self, ctx: click.Context) -> Any:
        """Call the function, or give it to `ctx.obj`."""
        assert self.callback is not None
        arguments = Arguments(**ctx.params)
        return self.callback(arguments) if ctx.obj is None else ctx.obj(self, arguments)


class Verbs(_Named, click.Group):
    """Commands under one name, listed by what they do."""

    command_class = Verb

    def __init__(
        self,
        name: str,
        does: str,
        section: str = "",
        examples: Sequence[str] = (),
        commands: Iterable[click.Command] = (),
        **settings: Any,
    ) -> None:
        """Make the group; the arguments are those of `Verb`, and the first commands."""
        settings.setdefault("context_settings", SETTINGS)
        text = f"{does[0].upper()}{does[1:]}."
        super().__init__(name, help=text, short_help=does, no_args_is_help=False, **settings)
        self.section, self.examples = section, examples
        for one in commands:
            self.add_command(one)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which the commands were added."""
        return list(self.commands)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words before the name of a command. Without a name, the error lists the names."""
        if not (args or ctx.resilient_parsing):
            listed = ", ".join(self.list_commands(ctx))
            raise click.UsageError(f"a command is missing; there are {listed}", ctx)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command of a name. An error names the nearest one."""
        if self.get_command(ctx, args[0]) is None and not ctx.resilient_parsing:
            near = did_you_mean(args[0], self.list_commands(ctx))
            raise click.UsageError(f"there is no command {args[0]!r}{near}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, section by section."""
        sections: dict[str, list[tuple[str, str]]] = {}
        width = formatter.width - 6 - max(map(len, self.commands), default=0)
        for name, one in self.commands.items():
            line = (name, one.get_short_help_str(max(width, 45)))
            sections.setdefault(getattr(one, "section", "") or "Commands", []).append(line)
        longest = max(map(len, self.commands), default=0)
        for title, lines in sections.items():
            with formatter.section(title):
                formatter.write_dl([(f"{name:{longest}}", text) for name, text in lines])


def spread(ctx: click.Context, args: Sequence[str]) -> list[str]:
    """Return the words of a command with each option repeated for each of its values.

    Raises:
        UsageError: an option has fewer values than it needs.
    """
    options = {
        name: param
        for param in ctx.command.get_params(ctx)
        if isinstance(param, click.Option) and not (param.is_flag or param.count)
        for name in param.opts
    }
    words, rest = list[str](), list(args)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return [*words, word, *rest]
        option = options.get(word)
        if option is None:
            words.append(word)
            continue
        values = list[str]()
        while rest and not _is_option(rest[0]) and _takes(option, rest[0], len(values)):
            values.append(rest.pop(0))
        if _takes_many(option):
            words += [each for value in values for each in (word, value)]
            fewest = 0 if getattr(option, "empty", False) else 1
        else:
            words += [word, *values]
            fewest = option.nargs
        if len(values) < fewest and not ctx.resilient_parsing:
            what = "a value" if fewest == 1 else f"{fewest} values"
            raise click.UsageError(f"argument {word}: {what} expected", ctx)
    return words


def problem(error: click.UsageError) -> str:
    """Return what is wrong with a command, in words."""
    if isinstance(error, click.NoSuchOption) and error.ctx is not None:
        known = [name for param in error.ctx.command.get_params(error.ctx) for name in param.opts]
        return f"there is no option {error.option_name}{did_you_mean(error.option_name, known)}"
    if isinstance(error, click.BadParameter) and error.param is not None:
        param = error.param
        name = _longest(param) if isinstance(param, click.Option) else param.human_readable_name
        return f"argument {name}: {error.message}"
    text = error.format_message().rstrip(".")
    return text[:1].lower() + text[1:]


def _required(ctx: click.Context, names: list[str]) -> click.UsageError:
    return click.UsageError(f"the following arguments are required: {', '.join(names)}", ctx)


def _needed(option: click.Option) -> bool:
    return option.required or (isinstance(option, Many) and option.needed)


def _longest(option: click.Parameter) -> str:
    return max(option.opts, key=len)


def _metavar(option: click.Option) -> str:
    if option.metavar:
        return option.metavar
    plain = "VALUE" if option.type.name in ("text", "choice") else option.type.name.upper()
    return " ".join([plain] * max(option.nargs, 1))


def _takes_many(option: click.Option) -> bool:
    return isinstance(option, Many)


def _takes(option: click.Option, word: str, count: int) -> bool:
    """Return whether a word is one more value of an option that has `count` of them."""
    if isinstance(option, Many):
        return count == 0 or option.more(word)
    return count < option.nargs


def _is_option(word: str) -> bool:
    """Return whether a word is an option, and no value. A negative number is a value, and so is `-`."""
    if not word.startswith("-") or word == "-":
        return False
    try:
        float(word)
    except ValueError:
        return True
    return False
