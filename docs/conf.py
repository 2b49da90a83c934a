# SPDX-License-Identifier: GPL-2.0
"""Sphinx configuration; see Makefile."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

project = "gem-uma"
# pylint: disable=redefined-builtin
copyright = "the gem-uma authors, GPL-2.0"
extensions = ["kernel_doc", "measured"]
master_doc = "index"
primary_domain = "c"
highlight_language = "none"
exclude_patterns = ["examples"]
html_theme = "furo"
html_title = "gem-uma"
html_copy_source = False
html_show_sphinx = False
# Words of the kernel's headers that stand in prototypes.
c_id_attributes = ["__user", "__iomem", "__must_check", "__init", "__exit"]
