/* SPDX-License-Identifier: GPL-2.0 */
/* The last device goes away and comes back. */
#ifndef HOTPLUG_H
#define HOTPLUG_H

/* It is the one that goes: tests that need the first still find it. */
unsigned int last_device(void);

/* The device of a file, for what follows; its driver lets it go, and takes it again. */
void choose_device(int fd);
void unbind_device(void);
void bind_device(void);
/* The device of a file goes; the same one comes back, with other minors, and is there. */
void unplug(int fd);
void replug(void);
/* After each test, however it ended: a device that is not bound is bound again. */
void rebind_all(void);

#endif /* HOTPLUG_H */
