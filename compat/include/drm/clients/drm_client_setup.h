/* SPDX-License-Identifier: GPL-2.0 */
/* Found where the kernel has it at its old place. */
#include <drm/drm_client_setup.h>
