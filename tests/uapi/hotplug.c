// SPDX-License-Identifier: GPL-2.0
#include "common.h"
#include "file.h"
#include "hotplug.h"

static char bus_id[64];

unsigned int last_device(void)
{
	unsigned int count = vuma_count(driver, VUMA_NODE_RENDER);

	KT_GE(count, 1);
	return count - 1;
}

static int write_driver_file(const char *file, const char *text)
{
	char path[160];

	snprintf(path, sizeof(path), "/sys/bus/platform/drivers/%s/%s", driver, file);
	return file_write(path, text);
}

void choose_device(int fd)
{
	KT_OK(vuma_sysfs(fd, NULL, 0, bus_id, sizeof(bus_id)));
}

void unbind_device(void)
{
	KT_OK(write_driver_file("unbind", bus_id));
}

void bind_device(void)
{
	KT_OK(write_driver_file("bind", bus_id));
}

void unplug(int fd)
{
	choose_device(fd);
	unbind_device();
}

void replug(void)
{
	unsigned int before = vuma_count(driver, VUMA_NODE_RENDER);

	bind_device();
	KT_WAIT(vuma_count(driver, VUMA_NODE_RENDER) == before + 1);
}

void rebind_all(void)
{
	char name[64], path[160];
	unsigned int i;

	for (i = 0; i < 16; i++) {
		snprintf(name, sizeof(name), "%s.%u", driver, i);
		snprintf(path, sizeof(path), "/sys/bus/platform/devices/%s", name);
		if (access(path, F_OK))
			break;
		snprintf(path, sizeof(path), "/sys/bus/platform/devices/%s/driver", name);
		if (access(path, F_OK))
			write_driver_file("bind", name);
	}
}
