/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Force-included where clang checks who holds a resv (scripts/lint.sh resv): gives
 * __must_hold() and dma_resv_lock() and its like a meaning to -Wthread-safety.
 *
 * The analysis compares expressions, and cannot know that uobj->base.resv and
 * backing->obj->resv are the same lock. So there is one token for all resvs: that a
 * _locked function is called without any is an error; that it is the wrong one is left
 * to lockdep. An assertion counts as knowledge, for what is locked behind the
 * compiler's back, by drm_exec or the core.
 */
#include <linux/dma-resv.h>

#include <drm/drm_gpuvm.h>

struct __attribute__((capability("resv"))) lint_token { };
extern struct lint_token any_resv;

#define lint_acquires __attribute__((acquire_capability(any_resv)))
#define lint_try_acquires(ret) __attribute__((try_acquire_capability(ret, any_resv)))
#define lint_releases __attribute__((release_capability(any_resv)))
#define lint_assumes __attribute__((assert_capability(any_resv)))

#undef __must_hold
#define __must_hold(...) __attribute__((requires_capability(any_resv)))
#undef __context_unsafe
#define __context_unsafe(comment) __attribute__((no_thread_safety_analysis))

/* Never linked, and declared only: what they do is done by what they stand for. */
int lint_lock(struct dma_resv *resv, struct ww_acquire_ctx *ctx) lint_acquires;
int lint_lock_interruptible(struct dma_resv *resv, struct ww_acquire_ctx *ctx)
	lint_try_acquires(0);
bool lint_trylock(struct dma_resv *resv) lint_try_acquires(1);
void lint_unlock(struct dma_resv *resv) lint_releases;
void lint_assert_held(struct dma_resv *resv) lint_assumes;
int lint_exec_lock(struct drm_gpuvm_exec *exec) lint_try_acquires(0);
void lint_exec_unlock(struct drm_gpuvm_exec *exec) lint_releases;

#define dma_resv_lock lint_lock
#define dma_resv_lock_interruptible lint_lock_interruptible
#define dma_resv_trylock lint_trylock
#define dma_resv_unlock lint_unlock
#undef dma_resv_assert_held
#define dma_resv_assert_held lint_assert_held
#define drm_gpuvm_exec_lock lint_exec_lock
#define drm_gpuvm_exec_unlock lint_exec_unlock

/* The two of the library that return with it, or without. */
struct gem_uma_cpu_map;
vm_fault_t gem_uma_cpu_map_fault_begin(struct gem_uma_cpu_map *cmap, struct vm_fault *vmf)
	lint_try_acquires(0);
void gem_uma_cpu_map_fault_end(struct gem_uma_cpu_map *cmap, vm_fault_t ret)
	lint_releases;
