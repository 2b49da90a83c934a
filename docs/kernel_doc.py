# SPDX-License-Identifier: GPL-2.0
"""The kernel's ``kernel-doc`` directive, as far as this manual uses it, so that
the chapters read the same here and in a kernel tree.

    .. kernel-doc:: path/from/the/top.c
       :doc: Title            one DOC: block
       :export:               what the file exports
       :internal:             everything else (all of a header)
       :functions: a b        these only
"""
import os
import subprocess

from docutils import nodes
from docutils.parsers.rst import Directive, directives
from docutils.statemachine import StringList
import sphinx
from sphinx.util.nodes import nested_parse_with_titles

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def tool(env):
    """The path of kernel-doc, asked for once."""
    if not hasattr(env.app, "kernel_doc"):
        env.app.kernel_doc = subprocess.run(
            [os.path.join(TOP, "scripts/kernel-tools.sh"), "kernel-doc"],
            check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    return env.app.kernel_doc


class KernelDoc(Directive):
    required_arguments = 1
    option_spec = {
        "doc": directives.unchanged_required,
        "functions": directives.unchanged_required,
        "export": directives.flag,
        "internal": directives.flag,
    }

    def select(self):
        if "doc" in self.options:
            return ["-function", self.options["doc"]]
        if "functions" in self.options:
            return [a for f in self.options["functions"].split() for a in ("-function", f)]
        if "export" in self.options:
            return ["-export"]
        if "internal" in self.options:
            return ["-internal"]
        return []

    def run(self):
        env = self.state.document.settings.env
        path = os.path.join(TOP, self.arguments[0])
        env.note_dependency(path)
        cmd = [tool(env), "-rst", "-Werror", "-sphinx-version", sphinx.__version__,
               *self.select(), path]
        done = subprocess.run(cmd, check=False, capture_output=True, text=True, cwd=TOP)
        if done.returncode or not done.stdout.strip():
            raise self.error(f"{' '.join(cmd)}: {done.stderr.strip() or 'nothing found'}")
        node = nodes.section()
        lines = StringList(done.stdout.expandtabs().split("\n"), source=path)
        nested_parse_with_titles(self.state, lines, node)
        return node.children


def setup(app):
    app.add_directive("kernel-doc", KernelDoc)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
