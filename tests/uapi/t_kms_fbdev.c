// SPDX-License-Identifier: GPL-2.0
/* The console's /dev/fb on the display. Its cursor has to be off. */
#include <linux/fb.h>

#include "hotplug.h"
#include "kms.h"

/* The screen, and memory of its size for what is to be on it. */
struct screen {
	int fb;
	struct picture p;
};

static struct screen screen_open(void)
{
	struct fb_fix_screeninfo fix;
	struct fb_var_screeninfo var;
	struct screen s;

	need_display();
	if (access("/proc/fb", F_OK))
		KT_SKIP("this kernel has no fbdev");
	KT_WAIT((s.fb = open("/dev/fb0", O_RDWR | O_CLOEXEC)) >= 0);
	KT_SYS(ioctl(s.fb, FBIOGET_FSCREENINFO, &fix));
	KT_SYS(ioctl(s.fb, FBIOGET_VSCREENINFO, &var));
	KT_EQ(var.bits_per_pixel, 32);
	s.p = (struct picture){
		.width = var.xres, .height = var.yres, .pitch = fix.line_length,
		.size = (uint64_t)fix.line_length * var.yres,
	};
	KT_GE(fix.smem_len, s.p.size);
	s.p.pixels = malloc(s.p.size);
	KT_TRUE(s.p.pixels);
	return s;
}

/* Where CRCs are read; nothing else is done through it. */
static void expect_on_display(const struct screen *s)
{
	struct display d = display_of(dev_open_primary(0));

	display_await_crc(&d, picture_crc(&s->p));
	KT_SYS(close(d.fd));
}

static void screen_write(const struct screen *s, uint64_t seed)
{
	picture_fill(&s->p, seed);
	KT_EQ(pwrite(s->fb, s->p.pixels, s->p.size, 0), s->p.size);
}

static void shows_what_is_written(void)
{
	struct screen s = screen_open();
	struct picture back = s.p;

	screen_write(&s, 1);
	expect_on_display(&s);
	back.pixels = malloc(back.size);
	KT_EQ(pread(s.fb, back.pixels, back.size, 0), back.size);
	KT_EQ(memcmp(back.pixels, s.p.pixels, back.size), 0);
}

static void shows_what_is_mapped(void)
{
	struct screen s = screen_open();
	void *map = KT_MAPPED(mmap(NULL, s.p.size, PROT_READ | PROT_WRITE, MAP_SHARED, s.fb, 0));
	unsigned int i;

	for (i = 0; i < 3; i++) {
		picture_fill(&s.p, 10 + i);
		memcpy(map, s.p.pixels, s.p.size);
		expect_on_display(&s);
	}
}

/* Who leads the display shows what he likes, and the screen comes back when he is gone. */
static void comes_back(void)
{
	struct screen s = screen_open();
	struct display d = display_open(0);
	struct picture p = picture_new(&d, WIDTH, HEIGHT);

	picture_fill(&p, 20);
	display_show(&d, &p);
	display_expect_crc(&d, 0, picture_crc(&p));
	/* Not seen yet. */
	screen_write(&s, 21);
	display_expect_crc(&d, 0, picture_crc(&p));
	KT_SYS(munmap(p.pixels, p.size));
	KT_SYS(close(d.fd));
	expect_on_display(&s);
}

static void unplugged(void)
{
	struct screen s = screen_open();
	int fd = dev_open_primary(0);

	screen_write(&s, 30);
	unplug(fd);
	KT_SYS(close(fd));
	KT_SYS(close(s.fb));
	replug();
	s = screen_open();
	screen_write(&s, 31);
	expect_on_display(&s);
}

static const struct ktap_test tests[] = {
	{ .name = "kms_fbdev_shows_what_is_written_ports-G7", .run = shows_what_is_written },
	{ .name = "kms_fbdev_shows_what_is_mapped", .run = shows_what_is_mapped },
	{ .name = "kms_fbdev_comes_back_after_a_client", .run = comes_back },
	{ .name = "kms_fbdev_goes_and_comes_with_the_device", .run = unplugged },
};

TEST_PROGRAM(tests, rebind_all);
