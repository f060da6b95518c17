"""The entry: runs a command and turns every way in which it can end into a sentence and an exit code."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from watchdog.errors import EXIT_USAGE, WatchdogError

_EXIT_BUG: Final = 1
_EXIT_INTERRUPTED: Final = 130
_MAX_SENTENCE: Final = 8000
SELDOM: Final = 50_000
"""New objects after which garbage is looked for: what a command loads stays to its end."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; errors become one sentence on standard error, no traceback."""
    clash = foreign_package(sys.path)
    if clash is not None:
        _say(
            f"Another project that is imported as `watchdog` (file system events, `pip show watchdog`) is installed in "
            f"{clash}: install infra-watchdog into a virtual environment of its own, the two overwrite each other."
        )
    try:
        return _run(arguments)
    except WatchdogError as error:
        _say(str(error))
        return error.exit_code
    except BrokenPipeError:
        # The reader of a pipe went away (`watchdog check | head -1`): what is left to flush goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _EXIT_BUG
    except KeyboardInterrupt:
        return _EXIT_INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last border: a person gets a sentence, whatever happened
        return _bug(error)


def program() -> int:
    """`main` as a process of its own. Searching what it loads for garbage would be a quarter of a short command."""
    gc.set_threshold(SELDOM)
    try:
        return main()
    finally:
        gc.freeze()


def foreign_package(search_path: Sequence[str]) -> str | None:
    """Return the directory on `search_path` in which PyPI's other `watchdog` lies, None when there is none."""
    for directory in search_path:
        if Path(directory, "watchdog", "observers", "__init__.py").is_file():
            return str(Path(directory).resolve())
    return None


def _run(arguments: Sequence[str] | None) -> int:
    import click

    from watchdog.cli.app import app, usage_exit

    try:
        result = app.main(args=arguments, prog_name="watchdog", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        sys.stderr.write(f"{error.format_message()}\n")
        return EXIT_USAGE
    except click.UsageError as error:
        hint = f"{error.ctx.command_path} --help" if error.ctx else "watchdog --help"
        _say(f"{error.format_message()} Try `{hint}`.")
        return usage_exit(error.ctx)
    except click.ClickException as error:
        _say(error.format_message())
        return EXIT_USAGE
    except click.Abort:
        return _EXIT_INTERRUPTED
    sys.stdout.flush()
    return result if isinstance(result, int) else 0


def _bug(error: Exception) -> int:
    if os.environ.get("WATCHDOG_DEBUG") == "1":
        traceback.print_exception(error)
        return _EXIT_BUG
    what = f"{type(error).__name__}: {error}"[:500]
    try:
        with tempfile.NamedTemporaryFile("w", prefix="watchdog-bug-", suffix=".log", delete=False) as log:
            traceback.print_exception(error, file=log)
        where = f"the details are in {log.name}"
    except OSError:
        where = "set WATCHDOG_DEBUG=1 to see the details"
    _say(f"watchdog met an error that it did not expect ({what}): this is a bug; {where}.")
    return _EXIT_BUG


def _say(sentence: str) -> None:
    from watchdog.cli.text import printable

    sys.stderr.write("\n".join(printable(line) for line in sentence[:_MAX_SENTENCE].splitlines()) + "\n")


if __name__ == "__main__":
    sys.exit(program())
