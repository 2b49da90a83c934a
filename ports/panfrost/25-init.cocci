// SPDX-License-Identifier: GPL-2.0
// File: panfrost_device.c
// Place: panfrost_device_init()
// The library's part comes when the rest is there.
@@
identifier pfdev;
@@
  panfrost_device_init(...)
  {
  <...
(
- 	mutex_init(&pfdev->debugfs.gems_lock);
|
- 	INIT_LIST_HEAD(&pfdev->debugfs.gems_list);
|
- 	panfrost_gem_init(pfdev);
)
  ...>
  }
