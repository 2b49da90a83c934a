# SPDX-License-Identifier: GPL-2.0
s/^(\tselect )DRM_GPUVM$/\1DRM_GEM_UMA\n\1DRM_GPUVM/
