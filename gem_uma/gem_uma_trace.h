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

/* What came of it: pages let go, and pages let go earlier that were sent to swap. */
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

/* An object was asked to let go. @pages: let go, or a negative errno. */
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

#endif

/* The directory of the source that makes the events of it, here and in a kernel tree. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE gem_uma_trace
#include <trace/define_trace.h>
