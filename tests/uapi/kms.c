// SPDX-License-Identifier: GPL-2.0
#include "kms.h"

/* The module has the parameter wherever it has displays, and then it must have been set. */
void need_display(void)
{
	char path[80], on = 'N';
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/kms", driver);
	file = fopen(path, "r");
	if (!file)
		KT_SKIP("this kernel has no helpers for displays");
	on = fgetc(file);
	fclose(file);
	if (on != 'Y')
		KT_FAIL("the module was loaded without kms=1");
}

struct display display_open(unsigned int index)
{
	struct drm_mode_modeinfo mode = display_mode(WIDTH, HEIGHT, 60);
	struct display d;

	need_display();
	d = display_of(dev_open_primary(index));
	KT_OK(drmModeCreatePropertyBlob(d.fd, &mode, sizeof(mode), &d.mode));
	return d;
}
