# SPDX-License-Identifier: GPL-2.0
s/select DRM_GEM_SHMEM_HELPER/select DRM_GEM_UMA/
