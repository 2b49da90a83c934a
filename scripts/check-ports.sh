#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The README's table of ported drivers is that of their results, and the others say that they
# are compiled only.
exec "$(dirname "$0")/../ports/report.py" --check
