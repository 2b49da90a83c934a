// SPDX-License-Identifier: GPL-2.0
/*
 * A model of a Rockchip's IOMMU, as the kernel's IOMMU API sees one: each core of the NPU has
 * one, which begins anew when it is given a domain, and keeps translations until it is told to
 * forget them. Without a domain it lets nothing through.
 *
 * Locks: that of the IOMMUs, then those of the engines. Page tables are read under RCU.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "fake_rocket.h"

#define MODEL_PAGE_SIZE	SZ_4K

struct model_domain {
	struct iommu_domain domain;
	/* By page of the device: number of the page of memory, and whether it may be written. */
	struct xarray pages;
	struct rcu_head rcu;
};

static struct {
	struct iommu_device device;
	/* In memory of its own: who registers operations of a module could not be unloaded. */
	struct iommu_ops *ops;
	struct fake_engine *engines;
	/* Protects @attached; read under RCU, too. */
	spinlock_t lock;
	struct model_domain *attached[MODEL_CORES];
	/* Pages that were taken out of page tables, and that the IOMMU still has to forget. */
	atomic_t owed;
	/* Pages that were mapped so far. */
	atomic_t mapped;
	/* Pages that were to be mapped where there was one already. */
	atomic_t remapped;
	/* Domains that there are. */
	atomic_t domains;
} iommu;

/* Microseconds that it takes to forget; for tests, by debugfs. */
static u32 flush_polls;

static struct model_domain *to_model_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct model_domain, domain);
}

struct fake_translation fake_rocket_walk(unsigned int core, u64 page)
{
	struct fake_translation translation = {};
	struct model_domain *domain;
	unsigned long bits;
	void *entry;

	rcu_read_lock();
	domain = READ_ONCE(iommu.attached[core]);
	entry = domain ? xa_load(&domain->pages, page) : NULL;
	rcu_read_unlock();
	if (!entry)
		return translation;
	bits = xa_to_value(entry);
	translation.pfn = bits >> 1;
	translation.valid = true;
	translation.writable = bits & 1;
	return translation;
}

static int model_attach(struct device *dev, struct model_domain *domain)
{
	unsigned int core = to_platform_device(dev)->id, level;
	unsigned long flags;

	spin_lock_irqsave(&iommu.lock, flags);
	WRITE_ONCE(iommu.attached[core], domain);
	for (level = 0; level < FAKE_LEVELS; level++)
		fake_engine_flush(&iommu.engines[core], level);
	spin_unlock_irqrestore(&iommu.lock, flags);
	return 0;
}

static int model_attach_paging(struct iommu_domain *domain, struct device *dev,
			       struct iommu_domain *old)
{
	return model_attach(dev, to_model_domain(domain));
}

static int model_attach_nothing(struct iommu_domain *domain, struct device *dev,
				struct iommu_domain *old)
{
	return model_attach(dev, NULL);
}

static int model_map_pages(struct iommu_domain *domain, unsigned long iova, phys_addr_t paddr,
			   size_t pgsize, size_t pgcount, int prot, gfp_t gfp, size_t *mapped)
{
	struct xarray *pages = &to_model_domain(domain)->pages;
	bool writable = prot & IOMMU_WRITE;
	size_t i;
	int ret;

	for (i = 0; i < pgcount; i++) {
		ret = xa_insert(pages, iova / pgsize + i,
				xa_mk_value((paddr / pgsize + i) << 1 | writable), gfp);
		if (ret == -EBUSY)
			atomic_inc(&iommu.remapped);
		if (ret)
			return ret;
		*mapped += pgsize;
		atomic_inc(&iommu.mapped);
	}
	return 0;
}

static size_t model_unmap_pages(struct iommu_domain *domain, unsigned long iova, size_t pgsize,
				size_t pgcount, struct iommu_iotlb_gather *gather)
{
	struct xarray *pages = &to_model_domain(domain)->pages;
	size_t nr;

	for (nr = 0; nr < pgcount && xa_erase(pages, iova / pgsize + nr); nr++)
		;
	if (!nr)
		return 0;
	atomic_add(nr, &iommu.owed);
	iommu_iotlb_gather_add_range(gather, iova, nr * pgsize);
	return nr * pgsize;
}

static void model_forget(struct model_domain *domain, u64 first, u64 last)
{
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&iommu.lock, flags);
	for (i = 0; i < MODEL_CORES; i++)
		if (iommu.attached[i] == domain)
			fake_engine_flush_range(&iommu.engines[i], first, last);
	spin_unlock_irqrestore(&iommu.lock, flags);
}

static void model_sync(struct iommu_domain *domain, struct iommu_iotlb_gather *gather)
{
	u64 first = gather->start / MODEL_PAGE_SIZE, last = gather->end / MODEL_PAGE_SIZE;

	udelay(READ_ONCE(flush_polls));
	model_forget(to_model_domain(domain), first, last);
	atomic_sub(last - first + 1, &iommu.owed);
}

static phys_addr_t model_iova_to_phys(struct iommu_domain *domain, dma_addr_t iova)
{
	void *entry = xa_load(&to_model_domain(domain)->pages, iova / MODEL_PAGE_SIZE);

	if (!entry)
		return 0;
	return (xa_to_value(entry) >> 1) * MODEL_PAGE_SIZE + iova % MODEL_PAGE_SIZE;
}

static void model_domain_free(struct iommu_domain *domain)
{
	struct model_domain *model = to_model_domain(domain);

	xa_destroy(&model->pages);
	atomic_dec(&iommu.domains);
	kfree_rcu(model, rcu);
}

static struct iommu_domain *model_domain_alloc(struct device *dev)
{
	struct model_domain *model = kzalloc_obj(*model, GFP_KERNEL);

	if (!model)
		return ERR_PTR(-ENOMEM);
	xa_init(&model->pages);
	model->domain.pgsize_bitmap = MODEL_PAGE_SIZE;
	model->domain.geometry.aperture_end = DMA_BIT_MASK(32);
	model->domain.geometry.force_aperture = true;
	atomic_inc(&iommu.domains);
	return &model->domain;
}

/* Asked about each device that no other IOMMU is said to be for. */
static struct iommu_device *model_probe(struct device *dev)
{
	if (!dev_is_platform(dev) || strcmp(to_platform_device(dev)->name, MODEL_DEVICE))
		return ERR_PTR(-ENODEV);
	return &iommu.device;
}

static int model_domain_type(struct device *dev)
{
	return IOMMU_DOMAIN_IDENTITY;
}

static struct iommu_domain model_nothing = {
	.type = IOMMU_DOMAIN_IDENTITY,
	.ops = &(const struct iommu_domain_ops) { .attach_dev = model_attach_nothing },
};

static const struct iommu_ops model_iommu_ops = {
	.identity_domain = &model_nothing,
	.domain_alloc_paging = model_domain_alloc,
	.probe_device = model_probe,
	.device_group = generic_device_group,
	.def_domain_type = model_domain_type,
	.default_domain_ops = &(const struct iommu_domain_ops) {
		.attach_dev = model_attach_paging,
		.map_pages = model_map_pages,
		.unmap_pages = model_unmap_pages,
		.iotlb_sync = model_sync,
		.iova_to_phys = model_iova_to_phys,
		.free = model_domain_free,
	},
};

/* Undone by fake_rocket_iommu_fini() if it succeeds. Devices are probed as they are added. */
int fake_rocket_iommu_init(struct fake_engine *engines, struct dentry *dir)
{
	int ret;

	iommu.engines = engines;
	spin_lock_init(&iommu.lock);
	debugfs_create_u32("flush_polls", 0644, dir, &flush_polls);
	debugfs_create_atomic_t("owed", 0444, dir, &iommu.owed);
	debugfs_create_atomic_t("mapped", 0444, dir, &iommu.mapped);
	debugfs_create_atomic_t("remapped", 0444, dir, &iommu.remapped);
	debugfs_create_atomic_t("domains", 0444, dir, &iommu.domains);
	iommu.ops = kmemdup(&model_iommu_ops, sizeof(model_iommu_ops), GFP_KERNEL);
	if (!iommu.ops)
		return -ENOMEM;
	ret = iommu_device_sysfs_add(&iommu.device, NULL, NULL, "rocket-model");
	if (ret)
		goto err_free;
	ret = iommu_device_register(&iommu.device, iommu.ops, NULL);
	if (!ret)
		return 0;
	iommu_device_sysfs_remove(&iommu.device);
err_free:
	kfree(iommu.ops);
	return ret;
}

/* The devices are gone. */
void fake_rocket_iommu_fini(void)
{
	iommu_device_unregister(&iommu.device);
	iommu_device_sysfs_remove(&iommu.device);
	kfree(iommu.ops);
}
