"""The command line; each command imports what it needs when it is called."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from bot import __version__, garbage

if TYPE_CHECKING:
    from bot.settings import Settings

INTERRUPTED = 130
BROKEN_PIPE = 141
"""What shells see of a program that writes to one that has ended."""


def main() -> NoReturn:
    """Run the program and end it at once, without waiting for threads that still load things."""
    # Nobody plugs into the settings; looking for those who might reads all that is installed.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    garbage.put_off()
    try:
        status = run(sys.argv[1:])
    except SystemExit as leaving:  # --help, --version, and words that are no command
        status = leaving.code if isinstance(leaving.code, int) else 0
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    os._exit(status)


def run(arguments: Sequence[str]) -> int:
    """Run a command and return the exit status.

    0 done, 1 refused with a sentence, 2 not a command; 130, 141 or 143 when a signal ended it.
    """
    given = _parser().parse_args(arguments)
    try:
        return _command(given)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE


def _command(given: argparse.Namespace) -> int:
    from bot import logs
    from bot.settings import read
    from memory.errors import AtelierError

    try:
        settings = read(data=given.data, profile=given.profile)
        logs.set_up(settings.log)
        status: int = given.run(settings, given)
        sys.stdout.flush()
    except AtelierError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="atelier", description="A creative assistant for chats.")
    parser.add_argument("--version", action="version", version=f"atelier {__version__}")
    common = _common()
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text, parents=[common])
        command.set_defaults(run=run)
        return command

    run = add("run", _run, "serve every configured platform; with none, talk in the terminal")
    run.add_argument("platform", nargs="?", choices=("terminal", "discord", "telegram"))
    chat = add("chat", _chat, "talk in the terminal, or drive the bot by a script")
    chat.add_argument(
        "--json", action="store_true", help="a message a line in, an event a line out"
    )
    chat.add_argument("--dry-run", action="store_true", help="plan and resolve, compute nothing")
    plan = add("plan", _plan, "say what a request would do, without doing it")
    plan.add_argument("text", help="the request")
    plan.add_argument("--json", action="store_true", help='print {"steps": [...], "text": ...}')
    add("doctor", _doctor, "say in plain words what works here and what does not")
    _top_arguments(add("top", _top, "watch a running Atelier: workers, queue, users (q leaves)"))
    _leaving(add)
    models = add("models", _models, "list all models, fetch or verify those of the profile")
    models.add_argument("what", nargs="?", choices=("list", "fetch", "verify"), default="list")
    models.add_argument("names", nargs="*", help="only these models")
    _bench_arguments(add("bench", _bench, "measure what is understood; in a checkout only"))
    return parser


def _common() -> argparse.ArgumentParser:
    """Return the options that every command has."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--data", type=Path, help="folder for everything that is remembered")
    common.add_argument("--profile", help="which models are the defaults")
    return common


def _top_arguments(top: argparse.ArgumentParser) -> None:
    top.add_argument("--once", action="store_true", help="print one frame and end")
    top.add_argument("--json", action="store_true", help="print everything as one line of JSON")


def _of_whom(command: argparse.ArgumentParser) -> None:
    command.add_argument("--chat", default="", help="PLATFORM:ID of a chat")
    command.add_argument("--user", default="", help="PLATFORM:ID of a person")


def _bench_arguments(bench: argparse.ArgumentParser) -> None:
    bench.add_argument("what", choices=("understanding",))
    rest = "atelier bench understanding --help lists them"
    bench.add_argument("options", nargs=argparse.REMAINDER, help=rest)


def _leaving(add: Callable[[str, Any, str], argparse.ArgumentParser]) -> None:
    """Add the commands that take out what is kept, or erase it."""
    export = add("export", _export, "write what is kept into a zip; works while Atelier runs")
    export.add_argument("file", type=Path, help="the zip to write")
    _of_whom(export)
    forget = add("forget", _forget, "erase a chat or a person for good")
    forget.add_argument("--yes", action="store_true", help="do not ask")
    _of_whom(forget)


def _run(settings: "Settings", given: argparse.Namespace) -> int:
    from bot import environment
    from bot.serve import host, platforms, talk

    names = platforms(settings, given.platform)
    if names:
        return host(settings, names)
    for name, meant in environment.unknown(os.environ).items():
        if meant:  # such as a token that nobody will find
            sys.stderr.write(f"{environment.told(name, meant)}\n")
    return talk(settings)


def _chat(settings: "Settings", given: argparse.Namespace) -> int:
    from bot.serve import lines, talk

    if given.json or given.dry_run:
        return lines(settings, dry_run=given.dry_run)
    return talk(settings)


def _plan(settings: "Settings", given: argparse.Namespace) -> int:
    from bot.rehearse import plan

    return plan(settings, given.text, as_json=given.json)


def _top(settings: "Settings", given: argparse.Namespace) -> int:
    from bot.top import top

    return top(settings, once=given.once, as_json=given.json)


def _doctor(settings: "Settings", given: argparse.Namespace) -> int:
    from bot.doctor import examine

    return examine(settings)


def _export(settings: "Settings", given: argparse.Namespace) -> int:
    from bot.leaving import export

    return export(settings, given.file, given.chat, given.user)


def _forget(settings: "Settings", given: argparse.Namespace) -> int:
    from bot.leaving import forget

    return forget(settings, given.chat, given.user, sure=given.yes)


def _models(settings: "Settings", given: argparse.Namespace) -> int:
    from bot.shelf import fetch, listing, verify

    if given.what == "fetch":
        return fetch(settings, given.names)
    if given.what == "verify":
        return verify(settings, given.names)
    return listing(settings)


def _bench(settings: "Settings", given: argparse.Namespace) -> int:
    from importlib import import_module

    from memory.errors import AtelierError

    checkout = Path(__file__).parents[1]
    if not (checkout / "tests" / f"{given.what}_report.py").exists():
        raise AtelierError("Measuring needs a checkout of the source code; clone it and try there.")
    if str(checkout) not in sys.path:
        sys.path.insert(0, str(checkout))
    status: int = import_module(f"tests.{given.what}_report").main(given.options, settings)
    return status
