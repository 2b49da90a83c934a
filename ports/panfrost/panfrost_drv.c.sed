# SPDX-License-Identifier: GPL-2.0
# A label that nobody goes to any more.
/^err_out2:$/,+1d
