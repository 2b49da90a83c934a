# SPDX-License-Identifier: GPL-2.0
# Fields of a structure without a name, labels, macros and comments that are for nothing any more.
/^\t\tstruct list_head list;$/,/^\t\} vm;$/{
	/list;$|\} vm;$/!d
}
/^#define PANTHOR_VM_(BIND_OP_)?MAP_FLAGS \\$/,/^$/d
/^int panthor_vm_pool_create\(struct panthor_file/,/^\}$/{
	/\*dummy;$/,/^$/d
	/dummy = panthor_dummy/,/^$/d
	/IS_ERR\(dummy\)/,/^$/d
	/vms->dummy = /,/^$/d
	/^\treturn 0;$/{
		N
		s/\n$//
	}
	/^err_destroy_vm_pool:$/,/return ret;$/d
}
/^err_sched_fini:$/{
	N
	d
}
/^err_free_vm:$/d
/^\t\/\* (Restore the scheduler state|We intentionally leave the reserved)/,/\*\/$/d
/^\tlist_add_tail\(&vm->node/,/mutex_unlock/{
	/^$|stop the scheduler/d
}
/^\t\/\* Restart the VM_BIND queues/d
s/^(\tu64 mair, )min_va, /\1/
