// SPDX-License-Identifier: GPL-2.0
// File: lima_device.h
// Place: lima_device
@@
@@
  struct lima_device {
  	struct device *dev;
+ 	struct lima_uma *uma;
  	...
  };
