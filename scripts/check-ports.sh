#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The README's table of ported drivers is that of their results.
exec "$(dirname "$0")/../ports/report.py" --check
