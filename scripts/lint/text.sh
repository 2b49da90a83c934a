#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# No text of the kernel's is in the ports.
exec "$(dirname "$0")/../../ports/check-text.sh" "$@"
