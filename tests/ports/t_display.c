// SPDX-License-Identifier: GPL-2.0
/* What the display shows, told by its CRCs and by what it writes to memory. */
#include <fcntl.h>
#include <unistd.h>

#include "clients.h"
#include "display.h"
#include "port.h"
#include "vuma_client.h"

static struct display display_new(void)
{
	struct drm_mode_modeinfo mode = display_mode(WIDTH, HEIGHT, 60);
	struct display d;

	if (!port->crc && !port->shows)
		KT_SKIP("%s has no display", port->name);
	d = display_of(port_open());
	d.crc = port->crc;
	KT_OK(drmModeCreatePropertyBlob(d.fd, &mode, sizeof(mode), &d.mode));
	return d;
}

static struct picture picture_filled(const struct display *d, uint64_t seed)
{
	struct picture p = picture_new(d, WIDTH, HEIGHT);

	picture_fill(&p, seed);
	return p;
}

/* Told by the CRC, or by who sees what is shown. */
static void await(struct display *d, const struct picture *p)
{
	if (!port->shows) {
		display_await_crc(d, picture_crc(p));
		return;
	}
	while (!port->shows(p))
		usleep(10000);
}

/* Some displays look only when they are told that something was drawn. Others refuse that. */
static void draw(const struct display *d, const struct picture *p, uint64_t seed)
{
	picture_fill(p, seed);
	drmModeDirtyFB(d->fd, p->fb, NULL, 0);
}

void display_shows(void)
{
	struct display d = display_new();
	struct picture a = picture_filled(&d, 1), b = picture_filled(&d, 2);

	display_show(&d, &a);
	await(&d, &a);
	/* Nothing has to be flipped for what is drawn. */
	draw(&d, &a, 3);
	await(&d, &a);
	KT_OK(display_flip(&d, b.fb, -1));
	display_event(&d);
	await(&d, &b);
	display_off(&d);
}

void display_writes_back(void)
{
	struct display d = display_new();
	struct picture p, to;

	if (!d.writeback)
		KT_SKIP("%s does not write back", port->name);
	p = picture_filled(&d, 4);
	to = picture_filled(&d, 5);
	display_show(&d, &p);
	display_write_back(&d, &to);
	KT_EQ(picture_crc(&to), picture_crc(&p));
	display_off(&d);
}

/* vuma's engine draws into a buffer of vuma's, while it is shown here. */
void display_of_imported(void)
{
	struct display d = display_new();
	struct picture p = { .width = WIDTH, .height = HEIGHT, .pitch = WIDTH * 4, .crc = d.crc };
	struct drm_vuma_cmd cmd;
	struct vuma_bo theirs;
	struct vuma_vm vm;
	struct port_bo bo;
	int fd = vuma_open("vuma", 0, VUMA_NODE_RENDER), dmabuf;
	uint64_t va;

	need_import();
	KT_GE(fd, 0);
	KT_OK(vuma_vm_init(&vm, fd));
	p.size = (uint64_t)p.pitch * p.height;
	KT_OK(vuma_bo_init(&theirs, fd, p.size, 0));
	KT_OK(vuma_bo_map(&theirs));
	p.pixels = theirs.map;
	picture_fill(&p, 6);
	dmabuf = vuma_prime_export(fd, theirs.handle, O_CLOEXEC | O_RDWR);
	KT_GE(dmabuf, 0);
	bo = bo_import(d.fd, dmabuf, p.size);
	KT_OK(picture_wrap(&d, bo.handle, p.width, p.height, p.pitch, &p.fb));
	display_show(&d, &p);
	display_await_crc(&d, picture_crc(&p));
	KT_OK(vuma_vm_map_bo(&vm, &theirs, &va));
	cmd = vuma_cmd_fill(va, p.size, 0x00010203, 0x0102030405060708);
	KT_OK(vuma_exec(fd, vm.id, &cmd, 1));
	display_await_crc(&d, picture_crc(&p));
	display_off(&d);
}

/* What is shown stays; what is not comes back when it is shown again. */
void display_between_evictions(void)
{
	struct cgroup cg;
	struct display d = display_new();
	struct picture p[2];
	unsigned int i;

	cg = tenant("one");
	for (i = 0; i < 2; i++)
		p[i] = picture_filled(&d, 7 + i);
	display_show(&d, &p[0]);
	await(&d, &p[0]);
	for (i = 1; i < 8; i++) {
		const struct picture *next = &p[i % 2];

		cgroup_reclaim(&cg, charged(&cg));
		/* What is drawn anew is not seen in memory that it had before. */
		if (i % 4 > 1)
			picture_fill(next, 100 + i);
		KT_OK(display_flip(&d, next->fb, -1));
		display_event(&d);
		await(&d, next);
	}
	display_off(&d);
}

/* A program of somebody else's, before and after its buffers were asked for. */
static void client_shows(struct client *client, const struct cgroup *cg, uint32_t colour)
{
	struct picture p;
	unsigned int i;

	client->d.crc = port->crc;
	p = client_picture(client, colour);
	for (i = 0; i < 3; i++) {
		await(&client->d, &p);
		cgroup_reclaim(cg, charged(cg));
	}
	await(&client->d, &p);
	client_end(client);
}

static void need_display_and(const char *client)
{
	if (!port->crc && !port->shows)
		KT_SKIP("%s has no display", port->name);
	need_client(client);
}

void display_modetest(intptr_t flips)
{
	struct client client;
	struct cgroup cg;

	need_display_and(MODETEST);
	cg = tenant("one");
	client = flips ? modetest_start_flips(port_open, port_drm_name()) :
			 modetest_start(port_open, port_drm_name());
	client_shows(&client, &cg, MODETEST_COLOUR);
}

void display_weston(void)
{
	struct client client;
	struct cgroup cg;

	need_display_and(WESTON);
	cg = tenant("one");
	client = weston_start(port_open);
	client_shows(&client, &cg, WESTON_COLOUR);
}
