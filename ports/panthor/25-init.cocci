// SPDX-License-Identifier: GPL-2.0
// File: panthor_device.c
// Place: panthor_device_init(), panthor_device_unplug()
// The library undoes its part when the device is released.
@@
@@
- panthor_gem_init(ptdev);

@@
@@
- ret = panthor_gem_shrinker_init(ptdev);
+ ret = panthor_gem_init(ptdev);

@@
@@
  panthor_device_unplug(...)
  {
  <...
- panthor_gem_shrinker_unplug(ptdev);
+ panthor_gem_unplug(ptdev);
  ...>
  }

@@
@@
- panthor_gem_shrinker_unplug(ptdev);
