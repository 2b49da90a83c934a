// SPDX-License-Identifier: GPL-2.0
#include "common.h"
#include "stream.h"

static void *stream_run(void *arg)
{
	struct stream *stream = arg;
	struct drm_vuma_cmd spin = vuma_cmd_spin(500000);
	const struct vuma_vm *vm = stream->vm;
	uint32_t syncobjs[2];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(syncobjs); i++) {
		KT_OK(vuma_syncobj_create(vm->fd, false, &syncobjs[i]));
		KT_OK(vuma_submit_one(vm->fd, vm->id, &spin, 1, syncobjs[i]));
	}
	stream->flows = true;
	for (i = 0; !stream->stop; i = !i) {
		KT_OK(vuma_syncobj_wait(vm->fd, syncobjs[i], 60 * VUMA_SEC));
		KT_OK(vuma_submit_one(vm->fd, vm->id, &spin, 1, syncobjs[i]));
	}
	return NULL;
}

void stream_start(struct stream *stream, const struct vuma_vm *vm)
{
	stream->vm = vm;
	KT_EQ(pthread_create(&stream->thread, NULL, stream_run, stream), 0);
	while (!stream->flows)
		usleep(1000);
}

void stream_end(struct stream *stream)
{
	stream->stop = true;
	KT_EQ(pthread_join(stream->thread, NULL), 0);
}
