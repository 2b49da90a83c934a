# SPDX-License-Identifier: GPL-2.0
s/^(\tselect )DRM_GEM_UMA$/\1DRM_GEM_UMA\n\1DRM_GEM_UMA_VM/
