// SPDX-License-Identifier: GPL-2.0
/*
 * Programs of the host on the display. What they show is read back: what the display writes to
 * memory, and the CRC of what it shows, both have to be right.
 */
#include "clients.h"
#include "kms.h"

static int primary(void)
{
	return dev_open_primary(0);
}

/* All of it is of one colour, once the client has got so far. */
static void expect_colour(struct client *client, uint32_t rgb)
{
	struct picture p = client_picture(client, rgb), shot;

	shot = picture_new(&client->d, CLIENT_WIDTH, CLIENT_HEIGHT);
	display_await_crc(&client->d, picture_crc(&p));
	picture_fill(&shot, rgb);
	display_write_back(&client->d, &shot);
	KT_EQ(picture_crc(&shot), picture_crc(&p));
}

static void modetest(void)
{
	struct client client;

	need_display();
	need_client(MODETEST);
	client = modetest_start(primary, "vuma");
	expect_colour(&client, MODETEST_COLOUR);
	client_end(&client);
}

static void weston(void)
{
	struct client client;

	need_display();
	need_client(WESTON);
	client = weston_start(primary);
	expect_colour(&client, WESTON_COLOUR);
	client_end(&client);
}

static const struct ktap_test tests[] = {
	{ .name = "kms_modetest_shows_its_pattern", .run = modetest },
	{ .name = "kms_weston_shows_its_background", .run = weston },
};

TEST_PROGRAM(tests, NULL);
