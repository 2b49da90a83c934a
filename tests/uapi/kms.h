/* SPDX-License-Identifier: GPL-2.0 */
/* The displays of vuma. */
#ifndef KMS_H
#define KMS_H

#include "common.h"
#include "display.h"

/* That of a device. Skips the test where the kernel can have none. */
struct display display_open(unsigned int index);
void need_display(void);

#endif /* KMS_H */
