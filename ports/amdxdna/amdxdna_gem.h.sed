# SPDX-License-Identifier: GPL-2.0
s/^(#define is_import_bo\(obj\)).*/\1 gem_uma_object_is_imported(\&(obj)->base)/
