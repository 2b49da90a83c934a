// SPDX-License-Identifier: GPL-2.0
#include "common.h"
#include "file.h"
#include "gate.h"

static struct gate gate_on(unsigned int index)
{
	struct gate gate = { .vm = vm_new(dev_open(index)) };

	KT_OK(vuma_gate_init(&gate.at, gate.vm.fd));
	KT_OK(vuma_gate_map(&gate.at, &gate.vm));
	gate.in = syncobj_new(gate.vm.fd);
	KT_OK(vuma_gate_submit(&gate.at, &gate.vm, gate.in));
	return gate;
}

struct gate gate_busy(void)
{
	struct gate gate = gate_on(0);

	KT_OK(vuma_gate_await(&gate.at, FOREVER));
	return gate;
}

struct gate gate_new(int fd)
{
	struct gate gate;
	int file;

	need_devices(2);
	gate = gate_on(vuma_count(driver, VUMA_NODE_RENDER) - 1);
	KT_SYS(drmSyncobjExportSyncFile(gate.vm.fd, gate.in, &file));
	gate.in = syncobj_new(fd);
	KT_SYS(drmSyncobjImportSyncFile(fd, gate.in, file));
	KT_SYS(close(file));
	return gate;
}

void gate_open(struct gate *gate)
{
	vuma_gate_open(&gate->at);
	KT_OK(vuma_gate_fini(&gate->at));
	KT_SYS(close(gate->vm.fd));
}

void settle(void)
{
	struct vuma_bo bo = bo_new(dev_open(0), PAGE, 0);
	struct vuma_vm vm = vm_new(bo.fd);

	vm_map_bo(&vm, &bo);
	/* The scheduler may take the files in turn: with the second all had theirs. */
	run_cmd(&vm, vuma_cmd_nop());
	run_cmd(&vm, vuma_cmd_nop());
	KT_SYS(close(bo.fd));
}

static void *waiter_run(void *arg)
{
	struct waiter *waiter = arg;

	atomic_store(&waiter->tid, gettid());
	waiter->call(waiter->arg);
	atomic_store(&waiter->done, true);
	return NULL;
}

bool waiter_sleeps(const struct waiter *waiter)
{
	char path[64], text[512], *state;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", atomic_load(&waiter->tid));
	if (file_read(path, text, sizeof(text)))
		return false;
	state = strrchr(text, ')');
	return state && strchr("SD", state[2]);
}

void waiter_start(struct waiter *waiter)
{
	KT_EQ(pthread_create(&waiter->thread, NULL, waiter_run, waiter), 0);
	KT_WAIT(atomic_load(&waiter->done) || waiter_sleeps(waiter));
	KT_FALSE(atomic_load(&waiter->done));
}

void waiter_join(struct waiter *waiter)
{
	KT_EQ(pthread_join(waiter->thread, NULL), 0);
	KT_TRUE(atomic_load(&waiter->done));
}
