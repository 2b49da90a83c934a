// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "file.h"

int file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;
	size_t len = strlen(text);
	ssize_t done;

	if (fd < 0)
		return -errno;
	done = write(fd, text, len);
	if (done < 0)
		ret = -errno;
	else if ((size_t)done != len)
		ret = -EIO;
	if (close(fd) && !ret)
		ret = -errno;
	return ret;
}

int file_read(const char *path, char *text, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret = 0;
	size_t used = 0;
	ssize_t got;

	if (fd < 0)
		return -errno;
	do {
		got = read(fd, text + used, len - 1 - used);
		if (got > 0)
			used += got;
	} while (got > 0 && used < len - 1);
	if (got < 0)
		ret = -errno;
	close(fd);
	text[used] = '\0';
	return ret;
}

bool memory_is_copied(void)
{
	char line[4096] = "", *word, *rest = line;

	file_read("/proc/cmdline", line, sizeof(line));
	while ((word = strsep(&rest, "\n ")))
		if (!strncmp(word, "swiotlb=", 8) && strstr(word, "force"))
			return true;
	return false;
}

FILE *open_debugfs(int fd, const char *name, const char *mode)
{
	char path[128];
	struct stat st;

	if (fstat(fd, &st))
		return NULL;
	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%u/%s", minor(st.st_rdev), name);
	return fopen(path, mode);
}
