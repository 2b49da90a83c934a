// SPDX-License-Identifier: GPL-2.0
// File: pvr_fw.c
// Place: pvr_fw_object_create_and_map_common()
// What undoes the rest finds the device by the buffer, so it needs one.
@@
@@
  pvr_fw_object_create_and_map_common(...)
  {
  <...
  if (IS_ERR(fw_obj->gem)) {
  	err = PTR_ERR(fw_obj->gem);
- 	fw_obj->gem = NULL;
- 	goto err_put_object;
+ 	kfree(fw_obj);
+ 	return ERR_PTR(err);
  }
  ...>
  }
