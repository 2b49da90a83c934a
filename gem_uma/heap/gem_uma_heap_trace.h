/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM gem_uma_heap

#if !defined(_GEM_UMA_HEAP_TRACE_H_) || defined(TRACE_HEADER_MULTI_READ)
#define _GEM_UMA_HEAP_TRACE_H_

#include <linux/device.h>
#include <linux/tracepoint.h>

#include <drm/drm_device.h>

/* A device accessed memory of a heap that was not there. @ret: 0, or what was missing. */
TRACE_EVENT(gem_uma_heap_grow,
	TP_PROTO(const struct drm_device *drm, const void *heap, u64 offset, u64 granule,
		 const char *rung, int ret, u64 ns),
	TP_ARGS(drm, heap, offset, granule, rung, ret, ns),
	TP_STRUCT__entry(
		__string(dev, dev_name(drm->dev))
		__string(rung, rung)
		__field(const void *, heap)
		__field(u64, offset)
		__field(u64, granule)
		__field(int, ret)
		__field(u64, ns)
	),
	TP_fast_assign(
		__assign_str(dev);
		__assign_str(rung);
		__entry->heap = heap;
		__entry->offset = offset;
		__entry->granule = granule;
		__entry->ret = ret;
		__entry->ns = ns;
	),
	TP_printk("dev=%s heap=%p offset=%#llx granule=%llu rung=%s ret=%d ns=%llu",
		  __get_str(dev), __entry->heap, __entry->offset, __entry->granule,
		  __get_str(rung), __entry->ret, __entry->ns)
);

/* A job is about to use a heap. @granules: there now, of the @goal that were wanted. */
TRACE_EVENT(gem_uma_heap_prepare,
	TP_PROTO(const struct drm_device *drm, const void *heap, unsigned long granules,
		 unsigned long goal, int ret, u64 ns),
	TP_ARGS(drm, heap, granules, goal, ret, ns),
	TP_STRUCT__entry(
		__string(dev, dev_name(drm->dev))
		__field(const void *, heap)
		__field(unsigned long, granules)
		__field(unsigned long, goal)
		__field(int, ret)
		__field(u64, ns)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->heap = heap;
		__entry->granules = granules;
		__entry->goal = goal;
		__entry->ret = ret;
		__entry->ns = ns;
	),
	TP_printk("dev=%s heap=%p granules=%lu goal=%lu ret=%d ns=%llu",
		  __get_str(dev), __entry->heap, __entry->granules, __entry->goal,
		  __entry->ret, __entry->ns)
);

#endif

/* The directory of the source that makes the events of it, here and in a kernel tree. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE gem_uma_heap_trace
#include <trace/define_trace.h>
