/* SPDX-License-Identifier: GPL-2.0 */
/* The two halves of the model of an NPU: registers with the MMU, and what its firmware does. */
#ifndef _FAKE_IVPU_H_
#define _FAKE_IVPU_H_

#include "fake_engine.h"

/* Where the firmware's file says that it finds its parameters: fw_ivpu.py, too. */
#define MODEL_BOOT_PARAMS	0x84800000ull

/* Upper bits of an address: the context. */
#define MODEL_SSID_SHIFT	48

int fake_ivpu_fw_init(struct fake_engine *engine);
void fake_ivpu_fw_fini(void);
void fake_ivpu_fw_boot(void);
void fake_ivpu_fw_stop(void);
void fake_ivpu_fw_message(u32 addr);
void fake_ivpu_fw_doorbell(unsigned int db);
u32 fake_ivpu_fw_level(void);
u32 fake_ivpu_fw_pop(void);

/* The interrupt of the firmware's queue. */
void fake_ivpu_raise(void);

#endif
