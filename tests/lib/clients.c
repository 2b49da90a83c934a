// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#include "clients.h"
#include "ktap.h"

void need_client(const char *path)
{
	char full[PATH_MAX];

	snprintf(full, sizeof(full), CLIENTS "%s", path);
	if (access(full, X_OK))
		KT_SKIP("%s is not installed, or the host's root is not mounted", path);
}

static void client_exec(struct client *client, char *const argv[])
{
	int pipes[2];

	KT_SYS(pipe2(pipes, O_CLOEXEC));
	client->pid = fork();
	KT_SYS(client->pid);
	if (!client->pid) {
		dup2(pipes[0], STDIN_FILENO);
		dup2(STDERR_FILENO, STDOUT_FILENO);
		if (chroot(CLIENTS) || chdir("/tmp"))
			_exit(126);
		setenv("XDG_RUNTIME_DIR", "/tmp", 1);
		execv(argv[0], argv);
		_exit(127);
	}
	KT_SYS(close(pipes[0]));
	client->in = pipes[1];
}

void client_end(struct client *client)
{
	KT_SYS(close(client->d.fd));
	close(client->in);
	kill(client->pid, SIGTERM);
	KT_EQ(waitpid(client->pid, NULL, 0), client->pid);
}

/* A file of the process that is the primary node @rdev; -1 if it has none. */
static int fd_of(pid_t pid, dev_t rdev)
{
	char path[64];
	struct dirent *entry;
	struct stat st;
	int fd = -1;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)) && fd < 0) {
		if (!fstatat(dirfd(dir), entry->d_name, &st, 0) && S_ISCHR(st.st_mode) &&
		    st.st_rdev == rdev)
			fd = atoi(entry->d_name);
	}
	if (dir)
		closedir(dir);
	return fd;
}

/* Through a duplicate of the file that the client leads it through. */
static struct display display_through(pid_t pid, dev_t rdev)
{
	int pidfd, theirs = -1, fd;

	KT_WAIT(kill(pid, 0) || waitpid(pid, NULL, WNOHANG) || (theirs = fd_of(pid, rdev)) >= 0);
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	KT_SYS(pidfd);
	fd = syscall(SYS_pidfd_getfd, pidfd, theirs, 0);
	KT_SYS(fd);
	KT_SYS(close(pidfd));
	return display_of(fd);
}

/* The number of the node, and its connector; asked before there is a client, who leads it. */
static dev_t display_look_up(int (*primary)(void), uint32_t *connector)
{
	struct display d = display_of(primary());
	struct stat st;

	*connector = d.connector;
	KT_SYS(fstat(d.fd, &st));
	KT_SYS(close(d.fd));
	return st.st_rdev;
}

/* Its pattern "plain" is 0x77 in each byte. */
static struct client modetest_do(int (*primary)(void), const char *module, char *more)
{
	char mode[64], name[32];
	char *argv[] = { MODETEST, "-M", name, "-s", mode, "-F", "plain", more, NULL };
	struct client client;
	uint32_t connector;
	dev_t node;

	node = display_look_up(primary, &connector);
	snprintf(name, sizeof(name), "%s", module);
	snprintf(mode, sizeof(mode), "%u:%ux%u", connector, CLIENT_WIDTH, CLIENT_HEIGHT);
	client_exec(&client, argv);
	client.d = display_through(client.pid, node);
	return client;
}

struct client modetest_start(int (*primary)(void), const char *module)
{
	return modetest_do(primary, module, NULL);
}

struct client modetest_start_flips(int (*primary)(void), const char *module)
{
	return modetest_do(primary, module, "-v");
}

static void write_config(const char *path)
{
	FILE *file = fopen(path, "w");

	KT_TRUE(file);
	fprintf(file, "[core]\nidle-time=0\nrequire-input=false\n"
		"[shell]\nbackground-color=0xff%06x\npanel-position=none\nlocking=false\n"
		"startup-animation=none\n"
		"[output]\nname=Virtual-1\nmode=%ux%u\n",
		WESTON_COLOUR, CLIENT_WIDTH, CLIENT_HEIGHT);
	KT_EQ(fclose(file), 0);
}

/* Its background, composed by the CPU into dumb buffers that are flipped. */
struct client weston_start(int (*primary)(void))
{
	char device[64];
	char *argv[] = { WESTON, "--backend=drm-backend.so", "--use-pixman",
			 "--continue-without-input", device, "--tty=1",
			 "--config=/tmp/weston.ini", "--log=/tmp/weston.log", NULL };
	struct client client;
	uint32_t connector;
	dev_t node;

	node = display_look_up(primary, &connector);
	snprintf(device, sizeof(device), "--drm-device=card%u", minor(node));
	write_config(CLIENTS "/tmp/weston.ini");
	client_exec(&client, argv);
	client.d = display_through(client.pid, node);
	return client;
}

static bool is_on(const struct display *d)
{
	drmModeCrtc *crtc = drmModeGetCrtc(d->fd, d->crtc);
	bool on = crtc && crtc->mode_valid && crtc->width == CLIENT_WIDTH &&
		  crtc->height == CLIENT_HEIGHT;

	drmModeFreeCrtc(crtc);
	return on;
}

struct picture client_picture(const struct client *client, uint32_t rgb)
{
	struct picture p;
	uint64_t i;

	KT_WAIT(is_on(&client->d));
	p = picture_new(&client->d, CLIENT_WIDTH, CLIENT_HEIGHT);
	for (i = 0; i < p.size / sizeof(*p.pixels); i++)
		p.pixels[i] = rgb;
	return p;
}
