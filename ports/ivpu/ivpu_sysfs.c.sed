# SPDX-License-Identifier: GPL-2.0
# What is in memory of a buffer need not be all of it. spatch does not parse the statement.
/^\t\tif \(ivpu_bo_is_resident\(bo\)\)$/d
s/^\t(\t\ttotal_npu_memory \+= ivpu_)bo_size(\(bo\);)$/\1uma_resident\2/
