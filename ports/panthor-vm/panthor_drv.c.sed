# SPDX-License-Identifier: GPL-2.0
# Macros of these functions spatch does not see as what they are.
/^static int panthor_ioctl_vm_bind_a?sync\(/,/^\}$/{
	/^\}$/N
	d
}
/^\t\tdrm_exec_until_all_locked\(&ctx\.exec\) \{$/,/^\t\t\}$/{
	/^\t\t\}$/!d
	N
	c\
\t\tret = panthor_uma_submit_lock(\&ctx.uma, vm, args->queue_submits.count);
}
s|^(\t/\*\* @)exec: .*|\1uma: What is locked. */|
# The library asks for the device where it needs it, and not while it waits.
/^static int panthor_ioctl_vm_bind\(/,/^\}$/{
	s/int cookie, ret;/int ret;/
	/drm_dev_enter/,/^$/d
	/drm_dev_exit/d
}
