# SPDX-License-Identifier: GPL-2.0
"""Tables of figures that the README has, made by scripts from what was measured.

    .. readme-table:: figures    the one after the comment that begins with this
"""
import csv
import io
import os
import re

from docutils.parsers.rst import Directive, directives
from docutils.parsers.rst.directives.tables import CSVTable
from docutils.statemachine import StringList

README = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "README.md")


def rows(name):
    """Cells of the table, without the line below its head."""
    with open(README, encoding="utf-8") as f:
        _, begin, rest = f.read().partition(f"<!-- {name}")
    lines = re.findall(r"^\|(.*)\|$", rest.partition("\n\n")[0], re.M)
    if not begin or len(lines) < 3:
        raise ValueError(f"{README}: no table after a comment that begins with {name}")
    return [[c.strip().replace("`", "``") for c in l.split("|")]
            for l in lines[:1] + lines[2:]]


class ReadmeTable(Directive):
    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        self.state.document.settings.env.note_dependency(README)
        out = io.StringIO()
        csv.writer(out).writerows(rows(self.arguments[0]))
        table = CSVTable("csv-table", [], {"header-rows": 1},
                         StringList(out.getvalue().splitlines(), README), self.lineno,
                         self.content_offset, self.block_text, self.state, self.state_machine)
        return table.run()


def setup(app):
    directives.register_directive("readme-table", ReadmeTable)
    return {"parallel_read_safe": True}
