/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs that know nothing of a driver and show something on its display. They are those
 * of the host, whose root is mounted below CLIENTS.
 */
#ifndef CLIENTS_H
#define CLIENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "display.h"

#define CLIENTS		"/clients"
#define CLIENT_WIDTH	640u
#define CLIENT_HEIGHT	480u

/* What fills the screen of each. */
#define MODETEST_COLOUR	0x777777u
#define WESTON_COLOUR	0x336699u

/* A client that runs, and the display through its own file, as nobody else leads it. */
struct client {
	pid_t pid;
	/* What it reads: it is blocked as long as that is open. */
	int in;
	struct display d;
};

/* Skips the test if it is not installed. */
void need_client(const char *path);
#define MODETEST	"/usr/bin/modetest"
#define WESTON		"/usr/bin/weston"

/* @primary: opens the primary node. @module: what the driver calls itself. */
struct client modetest_start(int (*primary)(void), const char *module);
/* The same, flipping between two buffers at each frame. */
struct client modetest_start_flips(int (*primary)(void), const char *module);
struct client weston_start(int (*primary)(void));
void client_end(struct client *client);

/* Waits for the mode, and returns a picture of that size, all of one colour. */
struct picture client_picture(const struct client *client, uint32_t rgb);

#endif /* CLIENTS_H */
