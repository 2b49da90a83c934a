// SPDX-License-Identifier: GPL-2.0
// File: lima_device.c
// Place: lima_device_fini(), lima_device_resume(), lima_device_suspend()
// Reclaim asks the MMUs for nothing while they have no power. Runtime PM cannot say that: there
// may be none, and it is off while the driver is unbound. A pipe keeps the VM of its last job.
@@
@@
  #include "lima_vm.h"
+ #include "lima_uma.h"

@@
identifier ldev;
@@
  lima_device_fini(struct lima_device *ldev)
  {
  	...
+ 	lima_uma_put_vms(ldev);
+ 	lima_uma_set_power(ldev, false);
  	lima_regulator_fini(ldev);
  	...
  }

@@
identifier ldev;
@@
  lima_device_resume(...)
  {
  	struct lima_device *ldev = ...;
  	...
+ 	lima_uma_set_power(ldev, true);
  	return 0;
  	...
  }

@@
identifier ldev, i;
expression E;
@@
  lima_device_suspend(...)
  {
  	struct lima_device *ldev = E;
  	...
+ 	lima_uma_set_power(ldev, false);
  	for (i = lima_ip_num - 1; i >= 0; i--)
  		lima_suspend_ip(ldev, i);
  	...
  }
