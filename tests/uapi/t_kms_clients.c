// SPDX-License-Identifier: GPL-2.0
/*
 * Programs that know nothing of this driver show something on its display. They are those of
 * the host, whose root is mounted below CLIENTS.
 *
 * What they show is read back through their own file, as nobody else leads the display: what
 * the display writes to memory, and the CRC of what it shows, both have to be right.
 */
#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "kms.h"

#define CLIENTS	"/clients"
#define MODE_W	640u
#define MODE_H	480u

static void need_client(const char *path)
{
	char full[PATH_MAX];

	need_display();
	snprintf(full, sizeof(full), CLIENTS "%s", path);
	if (access(full, X_OK))
		KT_SKIP("%s is not installed", path);
}

/* It is blocked as long as @in is open, if it reads. */
static pid_t client_start(char *const argv[], int *in)
{
	int pipes[2];
	pid_t pid;

	KT_SYS(pipe2(pipes, O_CLOEXEC));
	pid = fork();
	KT_SYS(pid);
	if (!pid) {
		dup2(pipes[0], STDIN_FILENO);
		dup2(STDERR_FILENO, STDOUT_FILENO);
		if (chroot(CLIENTS) || chdir("/tmp"))
			_exit(126);
		setenv("XDG_RUNTIME_DIR", "/tmp", 1);
		execv(argv[0], argv);
		_exit(127);
	}
	KT_SYS(close(pipes[0]));
	*in = pipes[1];
	return pid;
}

static void client_end(pid_t pid, int in)
{
	close(in);
	kill(pid, SIGTERM);
	KT_EQ(waitpid(pid, NULL, 0), pid);
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

/* Asked before there is a client: who has it open first leads it. */
static dev_t first_display(void)
{
	struct stat st;
	int fd = dev_open_primary(0);

	KT_SYS(fstat(fd, &st));
	KT_SYS(close(fd));
	return st.st_rdev;
}

static bool is_on(const struct display *d)
{
	drmModeCrtc *crtc = drmModeGetCrtc(d->fd, d->crtc);
	bool on = crtc && crtc->mode_valid && crtc->width == MODE_W && crtc->height == MODE_H;

	drmModeFreeCrtc(crtc);
	return on;
}

/* All of it is of one colour, once the client has got so far. */
static void expect_colour(struct display *d, uint32_t rgb)
{
	struct picture p, shot;
	uint64_t i;

	KT_WAIT(is_on(d));
	p = picture_new(d, MODE_W, MODE_H);
	shot = picture_new(d, MODE_W, MODE_H);
	for (i = 0; i < p.size / sizeof(*p.pixels); i++)
		p.pixels[i] = rgb;
	display_await_crc(d, picture_crc(&p));
	picture_fill(&shot, rgb);
	display_write_back(d, &shot);
	KT_EQ(picture_crc(&shot), picture_crc(&p));
}

/* Its name for what is connected. */
static void modetest_mode(char *arg, size_t len)
{
	struct display d = display_of(dev_open_primary(0));

	snprintf(arg, len, "%u:%ux%u", d.connector, MODE_W, MODE_H);
	KT_SYS(close(d.fd));
}

/* Its pattern "plain" is 0x77 in each byte. */
static void modetest(void)
{
	char mode[64];
	char *argv[] = { "/usr/bin/modetest", "-M", "vuma", "-s", mode, "-F", "plain", NULL };
	struct display d;
	dev_t node;
	pid_t pid;
	int in;

	need_client(argv[0]);
	modetest_mode(mode, sizeof(mode));
	node = first_display();
	pid = client_start(argv, &in);
	d = display_through(pid, node);
	expect_colour(&d, 0x777777);
	client_end(pid, in);
}

static void write_config(const char *path)
{
	FILE *file = fopen(path, "w");

	KT_TRUE(file);
	fprintf(file, "[core]\nidle-time=0\nrequire-input=false\n"
		"[shell]\nbackground-color=0xff336699\npanel-position=none\nlocking=false\n"
		"startup-animation=none\n"
		"[output]\nname=Virtual-1\nmode=%ux%u\n", MODE_W, MODE_H);
	KT_EQ(fclose(file), 0);
}

/* Its background, composed by the CPU into dumb buffers that are flipped. */
static void weston(void)
{
	char *argv[] = { "/usr/bin/weston", "--backend=drm-backend.so", "--use-pixman",
			 "--continue-without-input", "--drm-device=card0", "--tty=1",
			 "--config=/tmp/weston.ini", "--log=/tmp/weston.log", NULL };
	struct display d;
	dev_t node;
	pid_t pid;
	int in;

	need_client(argv[0]);
	write_config(CLIENTS "/tmp/weston.ini");
	node = first_display();
	pid = client_start(argv, &in);
	d = display_through(pid, node);
	expect_colour(&d, 0x336699);
	client_end(pid, in);
}

static const struct ktap_test tests[] = {
	{ .name = "kms_modetest_shows_its_pattern", .run = modetest },
	{ .name = "kms_weston_shows_its_background", .run = weston },
};

TEST_PROGRAM(tests, NULL);
