/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints. Fields are numbers and names, so that a filter or a histogram can be set
 * on each. All begin with the name of the device. Off, an event costs a static branch.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM gem_uma

#if !defined(_GEM_UMA_TRACE_H_) || defined(TRACE_HEADER_MULTI_READ)
#define _GEM_UMA_TRACE_H_

#include <linux/device.h>
#include <linux/tracepoint.h>
#include <linux/types.h>

#include <drm/drm_device.h>
#include <drm/drm_gem.h>

/* Memory is asked for: of one cgroup, on one node. */
TRACE_EVENT(gem_uma_scan_start,
	TP_PROTO(const struct drm_device *drm, int nid, u64 cgroup, unsigned long nr_pages,
		 bool kswapd),
	TP_ARGS(drm, nid, cgroup, nr_pages, kswapd),
	TP_STRUCT__entry(
		__string(dev, dev_name(drm->dev))
		__field(int, nid)
		__field(u64, cgroup)
		__field(unsigned long, nr_pages)
		__field(bool, kswapd)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->nid = nid;
		__entry->cgroup = cgroup;
		__entry->nr_pages = nr_pages;
		__entry->kswapd = kswapd;
	),
	TP_printk("dev=%s nid=%d cgroup=%llu nr_pages=%lu kswapd=%d",
		  __get_str(dev), __entry->nid, __entry->cgroup, __entry->nr_pages,
		  __entry->kswapd)
);

/* A scan ends: pages freed, and pages of evicted objects that were sent to swap. */
TRACE_EVENT(gem_uma_scan_end,
	TP_PROTO(const struct drm_device *drm, int nid, u64 cgroup, unsigned long freed,
		 unsigned long written, unsigned long looked, u64 ns),
	TP_ARGS(drm, nid, cgroup, freed, written, looked, ns),
	TP_STRUCT__entry(
		__string(dev, dev_name(drm->dev))
		__field(int, nid)
		__field(u64, cgroup)
		__field(unsigned long, freed)
		__field(unsigned long, written)
		__field(unsigned long, looked)
		__field(u64, ns)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->nid = nid;
		__entry->cgroup = cgroup;
		__entry->freed = freed;
		__entry->written = written;
		__entry->looked = looked;
		__entry->ns = ns;
	),
	TP_printk("dev=%s nid=%d cgroup=%llu freed=%lu written=%lu looked=%lu ns=%llu",
		  __get_str(dev), __entry->nid, __entry->cgroup, __entry->freed,
		  __entry->written, __entry->looked, __entry->ns)
);

/* One stage of a scan that looked at something: objects, and what became of them. */
TRACE_EVENT(gem_uma_stage,
	TP_PROTO(const struct drm_device *drm, const char *stage, unsigned long looked,
		 unsigned long objects, unsigned long pages, unsigned long busy,
		 unsigned long locked, unsigned long spared, unsigned long waits, u64 ns),
	TP_ARGS(drm, stage, looked, objects, pages, busy, locked, spared, waits, ns),
	TP_STRUCT__entry(
		__string(dev, dev_name(drm->dev))
		__string(stage, stage)
		__field(unsigned long, looked)
		__field(unsigned long, objects)
		__field(unsigned long, pages)
		__field(unsigned long, busy)
		__field(unsigned long, locked)
		__field(unsigned long, spared)
		__field(unsigned long, waits)
		__field(u64, ns)
	),
	TP_fast_assign(
		__assign_str(dev);
		__assign_str(stage);
		__entry->looked = looked;
		__entry->objects = objects;
		__entry->pages = pages;
		__entry->busy = busy;
		__entry->locked = locked;
		__entry->spared = spared;
		__entry->waits = waits;
		__entry->ns = ns;
	),
	TP_printk("dev=%s stage=%s looked=%lu objects=%lu pages=%lu busy=%lu locked=%lu spared=%lu waits=%lu ns=%llu",
		  __get_str(dev), __get_str(stage), __entry->looked, __entry->objects,
		  __entry->pages, __entry->busy, __entry->locked, __entry->spared,
		  __entry->waits, __entry->ns)
);

/* Reclaim tried to evict or purge an object. @pages: freed, or a negative errno. */
TRACE_EVENT(gem_uma_evict,
	TP_PROTO(const struct drm_gem_object *obj, const char *stage, long pages),
	TP_ARGS(obj, stage, pages),
	TP_STRUCT__entry(
		__string(dev, dev_name(obj->dev->dev))
		__string(stage, stage)
		__field(const void *, obj)
		__field(u64, size)
		__field(long, pages)
	),
	TP_fast_assign(
		__assign_str(dev);
		__assign_str(stage);
		__entry->obj = obj;
		__entry->size = obj->size;
		__entry->pages = pages;
	),
	TP_printk("dev=%s stage=%s obj=%p size=%llu pages=%ld",
		  __get_str(dev), __get_str(stage), __entry->obj, __entry->size,
		  __entry->pages)
);

/* Content was thrown away. @final: nobody can use the object again. */
TRACE_EVENT(gem_uma_purge,
	TP_PROTO(const struct drm_gem_object *obj, unsigned long pages, bool final),
	TP_ARGS(obj, pages, final),
	TP_STRUCT__entry(
		__string(dev, dev_name(obj->dev->dev))
		__field(const void *, obj)
		__field(u64, size)
		__field(unsigned long, pages)
		__field(bool, final)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->obj = obj;
		__entry->size = obj->size;
		__entry->pages = pages;
		__entry->final = final;
	),
	TP_printk("dev=%s obj=%p size=%llu pages=%lu final=%d",
		  __get_str(dev), __entry->obj, __entry->size, __entry->pages,
		  __entry->final)
);

/* Pages were made resident, for whomever: @pages of the @nr asked for, or of more. */
TRACE_EVENT(gem_uma_populate,
	TP_PROTO(const struct drm_gem_object *obj, unsigned long pgoff, unsigned long nr,
		 unsigned long pages, int ret, u64 ns),
	TP_ARGS(obj, pgoff, nr, pages, ret, ns),
	TP_STRUCT__entry(
		__string(dev, dev_name(obj->dev->dev))
		__field(const void *, obj)
		__field(unsigned long, pgoff)
		__field(unsigned long, nr)
		__field(unsigned long, pages)
		__field(int, ret)
		__field(u64, ns)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->obj = obj;
		__entry->pgoff = pgoff;
		__entry->nr = nr;
		__entry->pages = pages;
		__entry->ret = ret;
		__entry->ns = ns;
	),
	TP_printk("dev=%s obj=%p pgoff=%lu nr=%lu pages=%lu ret=%d ns=%llu",
		  __get_str(dev), __entry->obj, __entry->pgoff, __entry->nr,
		  __entry->pages, __entry->ret, __entry->ns)
);

/* Populating begins with @swapped pages to be read from swap, with so many helpers. */
TRACE_EVENT(gem_uma_restore,
	TP_PROTO(const struct drm_gem_object *obj, unsigned long pgoff, unsigned long nr,
		 unsigned long swapped, unsigned int helpers),
	TP_ARGS(obj, pgoff, nr, swapped, helpers),
	TP_STRUCT__entry(
		__string(dev, dev_name(obj->dev->dev))
		__field(const void *, obj)
		__field(unsigned long, pgoff)
		__field(unsigned long, nr)
		__field(unsigned long, swapped)
		__field(unsigned int, helpers)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->obj = obj;
		__entry->pgoff = pgoff;
		__entry->nr = nr;
		__entry->swapped = swapped;
		__entry->helpers = helpers;
	),
	TP_printk("dev=%s obj=%p pgoff=%lu nr=%lu swapped=%lu helpers=%u",
		  __get_str(dev), __entry->obj, __entry->pgoff, __entry->nr,
		  __entry->swapped, __entry->helpers)
);

/* A CPU fault was handled. @ret: VM_FAULT_*. */
TRACE_EVENT(gem_uma_fault,
	TP_PROTO(const struct drm_gem_object *obj, unsigned long address, unsigned int order,
		 bool write, unsigned int ret),
	TP_ARGS(obj, address, order, write, ret),
	TP_STRUCT__entry(
		__string(dev, dev_name(obj->dev->dev))
		__field(const void *, obj)
		__field(unsigned long, address)
		__field(unsigned int, order)
		__field(bool, write)
		__field(unsigned int, ret)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->obj = obj;
		__entry->address = address;
		__entry->order = order;
		__entry->write = write;
		__entry->ret = ret;
	),
	TP_printk("dev=%s obj=%p address=%#lx order=%u write=%d ret=%#x",
		  __get_str(dev), __entry->obj, __entry->address, __entry->order,
		  __entry->write, __entry->ret)
);

#endif

/* The directory of the source that makes the events of it, here and in a kernel tree. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE gem_uma_trace
#include <trace/define_trace.h>
