// SPDX-License-Identifier: GPL-2.0
/*
 * vuma, the virtual UMA GPU: module, devices, files.
 */

#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/dma-mapping.h>
#include <linux/jiffies.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/platform_device.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <drm/drm_debugfs.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_managed.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>

#include "vuma_drv.h"
#include "vuma_heap.h"
#include "vuma_job.h"
#include "vuma_kms.h"
#include "vuma_vm.h"

static unsigned int ndev = 1;
module_param(ndev, uint, 0444);
MODULE_PARM_DESC(ndev, "number of devices besides those of the firmware, 0 to 16");

static struct platform_device *vuma_pdevs[VUMA_MAX_DEVICES];

struct workqueue_struct *vuma_put_wq;
/* Works that wait for resvs. Who fills it with them keeps no memory from others. */
static struct workqueue_struct *vuma_close_wq;

/*
 * Devices that exist, and one for the module. A device outlives its hardware while
 * anything of it is in use, and its code must stay as long.
 */
static refcount_t vuma_live = REFCOUNT_INIT(1);
static DECLARE_COMPLETION(vuma_all_gone);

static void vuma_live_put(void)
{
	if (refcount_dec_and_test(&vuma_live))
		complete(&vuma_all_gone);
}

static void vuma_device_gone(struct drm_device *drm, void *arg)
{
	vuma_live_put();
}

static int vuma_open(struct drm_device *drm, struct drm_file *file)
{
	struct vuma_device *vdev = to_vuma_device(drm);
	struct drm_gpu_scheduler *sched = &vdev->engine.sched;
	struct vuma_file *vfile;
	int ret;

	vfile = kzalloc_obj(*vfile, GFP_KERNEL_ACCOUNT);
	if (!vfile)
		return -ENOMEM;

	ret = drm_sched_entity_init(&vfile->entity, DRM_SCHED_PRIORITY_NORMAL, &sched, 1, NULL);
	if (ret) {
		kfree(vfile);
		return ret;
	}
	kref_init(&vfile->kref);
	vfile->vdev = vdev;
	drm_dev_get(drm);
	xa_init_flags(&vfile->vms, XA_FLAGS_ALLOC1);
	mutex_init(&vfile->offset_lock);
	mutex_init(&vfile->scanout_lock);
	INIT_LIST_HEAD(&vfile->scanouts);
	spin_lock_init(&vfile->jobs_lock);
	INIT_LIST_HEAD(&vfile->jobs);
	mutex_init(&vfile->submit_lock);
	init_waitqueue_head(&vfile->room);

	file->driver_priv = vfile;
	ret = vuma_bo_client_init(vdev, file);
	if (ret) {
		file->driver_priv = NULL;
		vuma_file_put(vfile);
	}
	return ret;
}

/*
 * The entity goes now and not with jobs in its queue: while drm_sched_entity_kill() removes
 * it from the scheduler's tree, the worker can be popping a job of it, and then enters it
 * again for the next one. What is freed would stay in the tree. (Linux 6.12 to 7.3)
 */
static void vuma_file_free_work(struct work_struct *work)
{
	struct vuma_file *vfile = container_of(to_rcu_work(work), struct vuma_file, free_work);
	struct vuma_device *vdev = vfile->vdev;

	drm_sched_entity_fini(&vfile->entity);
	vuma_bo_client_fini(vfile);
	xa_destroy(&vfile->vms);
	mutex_destroy(&vfile->submit_lock);
	mutex_destroy(&vfile->scanout_lock);
	mutex_destroy(&vfile->offset_lock);
	kfree(vfile);
	drm_dev_put(&vdev->drm);
}

/*
 * A fence that a job waited for may still be telling the entity so: drm_sched_entity_wakeup()
 * looks at it, and at the scheduler, after the job can run. It is in an RCU reader, as the
 * fence's lock is held with interrupts off.
 */
static void vuma_file_free(struct kref *kref)
{
	struct vuma_file *vfile = container_of(kref, struct vuma_file, kref);

	INIT_RCU_WORK(&vfile->free_work, vuma_file_free_work);
	queue_rcu_work(vuma_put_wq, &vfile->free_work);
}

/**
 * vuma_file_put - drop a reference
 * @vfile: the file
 */
void vuma_file_put(struct vuma_file *vfile)
{
	kref_put(&vfile->kref, vuma_file_free);
}

static bool vuma_file_all_started(struct vuma_file *vfile)
{
	return !spsc_queue_count(&vfile->entity.job_queue);
}

/*
 * A process that closes the file waits until all its jobs have started; when it exits, they
 * have a second for that, and it does not wait: it can have thousands of files. If it died of
 * a signal, nobody wants to see what the jobs do, and an OOM killer wants their memory: all
 * end at once.
 *
 * A kernel thread, as the collector of sockets or the end of an io_uring, drops the last
 * references of files of the whole system, one after the other. It never waits, and its jobs
 * have no time.
 */
static void vuma_file_end_jobs(struct vuma_file *vfile)
{
	wait_queue_head_t *started = &vfile->vdev->engine.sched.job_scheduled;
	bool exits = current->flags & PF_EXITING;
	bool killed = exits && current->exit_code & 0x7f &&
		      READ_ONCE(vfile->entity.last_user) == current->group_leader;

	WRITE_ONCE(vfile->exited, exits);
	if (killed)
		vuma_jobs_cancel(vfile);
	wake_up_all(&vfile->vdev->engine.stop);

	if (!exits && !(current->flags & PF_KTHREAD))
		wait_event_killable(*started, vuma_file_all_started(vfile));
	/* The last one may be off the queue, and not have looked at this yet. */
	if (!vuma_file_all_started(vfile))
		WRITE_ONCE(vfile->deadline, get_jiffies_64() + (exits ? HZ : 0));
}

/* Waits for resvs, which others may hold for as long as a restore takes. */
static void vuma_file_close(struct vuma_file *vfile)
{
	struct vuma_vm *vm;
	unsigned long id;

	xa_for_each(&vfile->vms, id, vm) {
		xa_erase(&vfile->vms, id);
		gem_uma_vm_close(&vm->base);
	}
	vuma_scanout_fini(vfile);
	if (vfile->implicit)
		gem_uma_vm_close(&vfile->implicit->base);
}

static void vuma_file_close_work(struct work_struct *work)
{
	struct vuma_file *vfile = container_of(work, struct vuma_file, close_work);

	vuma_file_close(vfile);
	/* The device, which the file holds, keeps the module from here on. */
	module_put(THIS_MODULE);
	vuma_file_put(vfile);
}

/* A process that waits here stops nobody else; a kernel thread would. */
static void vuma_postclose(struct drm_device *drm, struct drm_file *file)
{
	struct vuma_file *vfile = to_vuma_file(file);

	vuma_file_end_jobs(vfile);
	if (!(current->flags & PF_KTHREAD)) {
		vuma_file_close(vfile);
		vuma_file_put(vfile);
		return;
	}
	__module_get(THIS_MODULE);
	INIT_WORK(&vfile->close_work, vuma_file_close_work);
	queue_work(vuma_close_wq, &vfile->close_work);
}

static void vuma_show_fdinfo(struct drm_printer *p, struct drm_file *file)
{
	drm_printf(p, "drm-engine-vuma:\t%lld ns\n",
		   atomic64_read(&to_vuma_file(file)->busy_ns));
	vuma_bo_show_fdinfo(p, file);
}

static int vuma_debugfs_engine(struct seq_file *m, void *data)
{
	struct drm_debugfs_entry *entry = m->private;
	struct vuma_counters *c = &to_vuma_device(entry->dev)->counters;

	seq_printf(m, "jobs\t%lld\n", atomic64_read(&c->jobs));
	seq_printf(m, "failed\t%lld\n", atomic64_read(&c->failed));
	seq_printf(m, "walks\t%lld\n", atomic64_read(&c->walks));
	seq_printf(m, "maps\t%lld\n", atomic64_read(&c->maps));
	seq_printf(m, "unmaps\t%lld\n", atomic64_read(&c->unmaps));
	seq_printf(m, "leaves-4k\t%lld\n", atomic64_read(&c->leaves[0]));
	seq_printf(m, "leaves-64k\t%lld\n", atomic64_read(&c->leaves[1]));
	seq_printf(m, "leaves-2m\t%lld\n", atomic64_read(&c->leaves[2]));
	seq_printf(m, "splits\t%lld\n", atomic64_read(&c->splits));
	seq_printf(m, "tables\t%lld\n", atomic64_read(&c->tables));
	return 0;
}

static const struct drm_debugfs_info vuma_debugfs_files[] = {
	{ "engine", vuma_debugfs_engine, 0, NULL },
	{ "mmu-time-4k", vuma_debugfs_mmu_time, 0, (void *)SZ_4K },
	{ "mmu-time-2m", vuma_debugfs_mmu_time, 0, (void *)SZ_2M },
};

static void vuma_debugfs_init(struct drm_minor *minor)
{
	struct vuma_device *vdev = to_vuma_device(minor->dev);

	vuma_bo_debugfs_init(vdev);
	vuma_heap_debugfs_init(vdev, minor->debugfs_root);
	debugfs_create_atomic_t("fail-map", 0600, minor->debugfs_root, &vdev->fail_map);
	debugfs_create_atomic_t("fail-tables", 0600, minor->debugfs_root, &vdev->fail_tables);
}

/* Not DEFINE_DRM_GEM_FOPS: large mappings have to be aligned for huge pages. */
static const struct file_operations vuma_fops = {
	.owner = THIS_MODULE,
	.open = drm_open,
	.release = drm_release,
	.unlocked_ioctl = drm_ioctl,
	.compat_ioctl = drm_compat_ioctl,
	.poll = drm_poll,
	.read = drm_read,
	.llseek = noop_llseek,
	.mmap = drm_gem_mmap,
	.get_unmapped_area = vuma_bo_get_unmapped_area,
	.show_fdinfo = drm_show_fdinfo,
	.fop_flags = FOP_UNSIGNED_OFFSET,
};

struct drm_driver vuma_driver = {
	.driver_features = DRIVER_GEM | DRIVER_RENDER | DRIVER_SYNCOBJ |
			   DRIVER_SYNCOBJ_TIMELINE,
	/* The kernel does not write to them, it only does not say so. */
	.name = (char *)vuma_bo_driver_name,
	.desc = (char *)vuma_bo_driver_desc,
	.major = VUMA_UAPI_MAJOR,
	.minor = VUMA_UAPI_MINOR,
	.fops = &vuma_fops,
	.open = vuma_open,
	.postclose = vuma_postclose,
	.ioctls = vuma_ioctls,
	.gem_prime_import_sg_table = vuma_bo_import_sg_table,
	.dumb_create = vuma_dumb_create,
	.dumb_map_offset = vuma_dumb_map_offset,
	.show_fdinfo = vuma_show_fdinfo,
	.debugfs_init = vuma_debugfs_init,
};

static int vuma_device_init(struct vuma_device *vdev)
{
	int ret;

	refcount_inc(&vuma_live);
	/* Added first, so run last. */
	ret = drmm_add_action_or_reset(&vdev->drm, vuma_device_gone, NULL);
	if (ret)
		return ret;
	ret = vuma_engine_init(vdev);
	if (ret)
		return ret;
	ret = vuma_bo_device_init(vdev);
	if (ret)
		return ret;
	ret = vuma_kms_init(vdev);
	if (ret)
		return ret;

	drm_debugfs_add_files(&vdev->drm, vuma_debugfs_files, ARRAY_SIZE(vuma_debugfs_files));
	ret = drm_dev_register(&vdev->drm, 0);
	if (!ret)
		vuma_kms_registered(vdev);
	return ret;
}

static int vuma_probe(struct platform_device *pdev)
{
	struct vuma_device *vdev;
	int ret;

	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);

	vdev = devm_drm_dev_alloc(&pdev->dev, &vuma_driver, struct vuma_device, drm);
	if (IS_ERR(vdev))
		return PTR_ERR(vdev);

	platform_set_drvdata(pdev, vdev);
	return vuma_device_init(vdev);
}

static void vuma_remove(struct platform_device *pdev)
{
	struct vuma_device *vdev = platform_get_drvdata(pdev);

	drm_dev_unplug(&vdev->drm);
	vuma_engine_unplug(vdev);
	vuma_kms_unplug(vdev);
	gem_uma_vm_unplug(&vdev->drm);
	vuma_bo_device_unplug(vdev);
}

/* Without registers. Whether it snoops the CPU's cache is what its node says: dma-coherent. */
static const struct of_device_id vuma_of_match[] = {
	{ .compatible = "gem-uma,vuma" },
	{ }
};

static struct platform_driver vuma_platform_driver = {
	.probe = vuma_probe,
	.remove = vuma_remove,
	.driver = {
		.name = vuma_bo_driver_name,
		.of_match_table = vuma_of_match,
	},
};

static int vuma_create_devices(void)
{
	struct platform_device_info info = {
		.name = vuma_bo_driver_name,
		.dma_mask = DMA_BIT_MASK(64),
	};
	unsigned int i;

	for (i = 0; i < ndev; i++) {
		struct platform_device *pdev;

		info.id = i;
		pdev = platform_device_register_full(&info);
		if (IS_ERR(pdev))
			return PTR_ERR(pdev);
		vuma_pdevs[i] = pdev;
	}
	return 0;
}

static void vuma_end(void)
{
	unsigned int i;

	for (i = 0; i < VUMA_MAX_DEVICES; i++)
		platform_device_unregister(vuma_pdevs[i]);
	platform_driver_unregister(&vuma_platform_driver);
	vuma_live_put();
	wait_for_completion(&vuma_all_gone);
	/* The last device may have gone from a work item that is just ending. */
	destroy_workqueue(vuma_close_wq);
	destroy_workqueue(vuma_put_wq);
	vuma_mmu_module_exit();
}

static int __init vuma_init(void)
{
	unsigned int reclaim = WQ_MEM_RECLAIM;
	int ret;

	if (ndev > VUMA_MAX_DEVICES)
		return -EINVAL;

	ret = vuma_mmu_module_init();
	if (ret)
		return ret;
	vuma_bo_module_init();
	vuma_kms_module_init();
	/* The end of a device with a display flushes a queue of the system that does not. */
	if (vuma_driver.driver_features & DRIVER_MODESET)
		reclaim = 0;
	vuma_put_wq = alloc_workqueue("%s-put", reclaim | WQ_UNBOUND, 0, vuma_bo_driver_name);
	if (!vuma_put_wq) {
		ret = -ENOMEM;
		goto err_mmu;
	}
	vuma_close_wq = alloc_workqueue("%s-close", WQ_UNBOUND, 0, vuma_bo_driver_name);
	if (!vuma_close_wq) {
		ret = -ENOMEM;
		goto err_put_wq;
	}
	vuma_driver.num_ioctls = vuma_num_ioctls;
	ret = platform_driver_register(&vuma_platform_driver);
	if (ret)
		goto err_close_wq;
	ret = vuma_create_devices();
	if (ret)
		vuma_end();
	return ret;

err_close_wq:
	destroy_workqueue(vuma_close_wq);
err_put_wq:
	destroy_workqueue(vuma_put_wq);
err_mmu:
	vuma_mmu_module_exit();
	return ret;
}
module_init(vuma_init);

static void __exit vuma_exit(void)
{
	vuma_end();
}
module_exit(vuma_exit);

MODULE_DESCRIPTION("vuma, a GPU in software that shares memory with the CPU");
MODULE_AUTHOR("The gem-uma authors");
MODULE_LICENSE("GPL");
