"""`jaxcrc case`: a case file to start from, and what one may hold."""

from __future__ import annotations

import argparse
import sys

TEXT, EXAMPLE, COMPUTES = "print a case to start from", "case --template > my-case.toml", False


def arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("name", nargs="?", help="shipped case to print (default: w28)")
    parser.add_argument("--template", action="store_true", help="print the commented template instead")
    parser.add_argument("--schema", action="store_true", help="print what a case may hold, as a JSON schema")


def run(options: argparse.Namespace) -> int:
    """Print the file, or the schema."""
    if sum((options.name is not None, options.template, options.schema)) > 1:
        raise ValueError("give one of a case, --template and --schema")
    if options.schema:
        import json

        from fitting.cases.schema import schema

        print(json.dumps(schema(), indent=1, ensure_ascii=False))
        return 0
    from fitting.cases.files import locate_case, text_of
    from fitting.words import plain

    name = "template" if options.template else options.name or "w28"
    sys.stdout.write(plain(text_of(locate_case(name))))
    return 0
