# SPDX-License-Identifier: GPL-2.0
# Macros, and a function that spatch does not see: what was the helper's.
s/(@base: The underlying &struct) drm_gem_shmem_object\./\1 gem_uma_object./
/^	 \* \.\. note::$/,/shmem_gem_from_pvr_gem\(\)\.$/d
/^static_assert\(offsetof\(struct pvr_gem_object, base\) == 0,$/,/;$/d
/^#define shmem_gem_(from|to)_/,+1d
/^static __always_inline struct sg_table \*$/,/^}$/d
