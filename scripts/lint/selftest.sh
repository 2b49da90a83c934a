#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The steps of scripts/lint.sh find what is planted; see scripts/selftest.sh.
exec "$(dirname "$0")/../selftest.sh" sparse clang resv cocci lint_kdoc ports_text
