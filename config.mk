# SPDX-License-Identifier: GPL-2.0
#
# What a kernel tree's Kconfig would decide. Out of a tree nobody does, so the
# choice is made here, for make (exported to every room) and for C (IS_ENABLED).
export CONFIG_DRM_GEM_UMA := m
export CONFIG_DRM_GEM_UMA_HEAP := m
export CONFIG_DRM_GEM_UMA_VM := m
# A console, where the kernel has any on DRM.
export CONFIG_DRM_GEM_UMA_FBDEV := $(if $(CONFIG_DRM_FBDEV_EMULATION),m)
export CONFIG_DRM_VUMA := m
export CONFIG_DRM_VUMA_SHMEM := m
# Displays, where the kernel has the helpers for them.
export CONFIG_DRM_VUMA_KMS := $(if $(CONFIG_DRM_KMS_HELPER),y)
# Unit tests, where the kernel can run them.
export CONFIG_DRM_GEM_UMA_KUNIT_TEST := $(if $(CONFIG_KUNIT),m)

GEM_UMA_DEFINES := -DCONFIG_DRM_GEM_UMA_MODULE=1 -DCONFIG_DRM_GEM_UMA_VM_MODULE=1 \
		   -DCONFIG_DRM_GEM_UMA_HEAP_MODULE=1 \
		   -DCONFIG_DRM_VUMA_MODULE=1 -DCONFIG_DRM_VUMA_SHMEM_MODULE=1 \
		   $(if $(CONFIG_DRM_GEM_UMA_FBDEV),-DCONFIG_DRM_GEM_UMA_FBDEV_MODULE=1) \
		   $(if $(CONFIG_DRM_VUMA_KMS),-DCONFIG_DRM_VUMA_KMS=1)
