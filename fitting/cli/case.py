"""`jaxcrc case`: a case file to start from, and what one may hold."""

from __future__ import annotations

import argparse
import sys

TEXT, EXAMPLE, COMPUTES = "print a case to start from", "case --template > my-case.toml", False


def arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("name", nargs="?", default="w28", help="shipped case to print (default: w28)")
    parser.add_argument("--template", action="store_true", help="print the commented template instead")
    parser.add_argument("--schema", action="store_true", help="print what a case may hold, as a JSON schema")


def run(options: argparse.Namespace) -> int:
    """Print the file, or the schema."""
    if options.schema:
        import json

        from fitting.cases.schema import schema

        print(json.dumps(schema(), indent=1, ensure_ascii=False))
        return 0
    from fitting.cases.files import locate_case

    name = "template" if options.template else options.name
    sys.stdout.write(locate_case(name).read_text(encoding="utf-8"))
    return 0
