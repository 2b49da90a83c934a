#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Nothing that can fail is left out of the tests that make things fail.

    check-inject.py                every exported function is in a row of
                                   gem_uma/tests/gem_uma_inject_rows*.c, or cannot fail
    check-inject.py MODULE.ko...   every symbol that the built module imports can be
                                   made to fail, or cannot fail

Prints what is not so. Exit code 0 nothing, 1 findings, 2 wrong use, 4 cannot run here.
"""
import glob
import os
import re
import shutil
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROWS = ("gem_uma/tests/gem_uma_inject_rows.c", "gem_uma/tests/gem_uma_inject_rows_map.c",
        "gem_uma/tests/gem_uma_inject_rows_purge.c", "gem_uma/tests/gem_uma_inject_rows_vm.c",
        "gem_uma/tests/gem_uma_inject_rows_heap.c")
CALLS = "gem_uma/tests/gem_uma_inject.c"

# Exported, and without an error to return.
INFALLIBLE = {
    "undoes": """
        gem_uma_backing_leak gem_uma_object_leak gem_uma_backing_fini gem_uma_backing_purge_locked
        gem_uma_backing_release_chunk_locked
        gem_uma_backing_release_locked gem_uma_backing_unpin
        gem_uma_backing_unpin_locked gem_uma_client_close
        gem_uma_cpu_map_fini
        gem_uma_cpu_map_vunmap_locked gem_uma_cpu_map_zap_chunk_locked
        gem_uma_cpu_map_zap_locked
        gem_uma_dev_map_drop_locked gem_uma_dev_map_fini
        gem_uma_heap_detach gem_uma_heap_discard gem_uma_heap_fini
        gem_uma_heap_object_fini gem_uma_heap_object_unpin gem_uma_heap_object_vunmap
        gem_uma_object_unpin
        gem_uma_object_import_unmap_locked gem_uma_object_plane_end gem_uma_object_prime_release
        gem_uma_object_prime_unmap gem_uma_object_prime_unpin
        gem_uma_object_unplug_all gem_uma_object_vunmap gem_uma_reclaim_fini
        gem_uma_reserve_active_put gem_uma_reserve_pool_put gem_uma_reserve_unplug
        gem_uma_transfer_destroy gem_uma_vm_bind_destroy gem_uma_vm_close gem_uma_vm_implicit_put
        gem_uma_vm_implicit_trim gem_uma_vm_active_put gem_uma_vm_unlock
        gem_uma_vm_unplug
        gem_uma_vm_users_get gem_uma_vm_users_init gem_uma_vm_users_put""",
    "has a policy for failures, which gem_uma_test_heap_ladder.c makes": "gem_uma_heap_grow",
    "allocates nothing": """
        gem_uma_transfer_to_cpu gem_uma_transfer_to_device
        gem_uma_heap_object_try_discard gem_uma_heap_write
        gem_uma_reserve_active_get gem_uma_reserve_take
        gem_uma_object_sync gem_uma_sync_locked gem_uma_sync_finish_locked
        gem_uma_object_access_begin gem_uma_object_access_end
        gem_uma_object_plane_read gem_uma_object_leave_stale_locked
        gem_uma_object_prime_begin gem_uma_object_prime_end gem_uma_object_prime_init
        gem_uma_object_prime_mmap gem_uma_object_prime_import""",
    "looks up what the row userptr_notifier looks up": "gem_uma_object_lookup",
    "exports as the core does, which has the row export": "gem_uma_object_prime_handle_to_fd",
    "answers a question": """
        gem_uma_object_is_watched gem_uma_object_is_stale gem_uma_userptr_any_watched
        gem_uma_vm_is_evicted_locked
        gem_uma_backing_can_purge_locked gem_uma_backing_evicted
        gem_uma_backing_extent_locked gem_uma_backing_has_content
        gem_uma_backing_in_memory gem_uma_backing_is_resident_locked
        gem_uma_backing_next_chunk_locked gem_uma_backing_nid_locked
        gem_uma_backing_pinned_page gem_uma_cpu_map_peek
        gem_uma_cpu_map_test_used_locked
        gem_uma_dev_map_bytes_locked gem_uma_dev_map_is_mapped_locked gem_uma_dev_map_run_locked
        gem_uma_device_bounces gem_uma_object_is_resident_locked
        gem_uma_object_is_readonly gem_uma_object_mmap_offset gem_uma_object_next gem_uma_object_rss gem_uma_object_status
        gem_uma_heap_hint gem_uma_heap_object_rss gem_uma_heap_object_status
        gem_uma_heap_resident gem_uma_reclaim_state_name gem_uma_rung_name
        gem_uma_vm_bo_vms_locked gem_uma_vm_lookup
        gem_uma_vm_implicit_address gem_uma_vm_implicit_nr_idle""",
    "takes note": """
        gem_uma_client_list_init gem_uma_client_list_update
        gem_uma_userptr_publish_begin gem_uma_userptr_publish_end
        gem_uma_backing_advise_locked
        gem_uma_backing_mark_dirty_locked gem_uma_pm_evict
        gem_uma_object_update gem_uma_object_update_locked gem_uma_reclaim_update_locked
        gem_uma_vm_active_get_locked""",
    "prints": """
        gem_uma_client_show_active gem_uma_client_show_fdinfo gem_uma_pm_debugfs_init
        gem_uma_reserve_debugfs_init
        gem_uma_heap_object_print_info gem_uma_object_print_info
        gem_uma_stats_debugfs_init""",
    "only tries a lock": "gem_uma_vm_bo_evict_locked",
    "data": "gem_uma_heap_object_vm_ops gem_uma_sync_clflush_ops gem_uma_object_funcs gem_uma_object_vm_ops gem_uma_vm_execute_wq gem_uma_vm_put_wq",
}

# Imported, and allocates: fails with the allocation in it.
ALLOCATES = """
    __drmm_add_action_or_reset __kmalloc_cache_noprof __kmalloc_noprof
    __kvmalloc_node_noprof __kvmalloc_node_align_noprof kmem_cache_alloc_lru_noprof
    kmemdup_nul _kmemdup_nul_noprof kmemdup_nul_noprof
    __devres_alloc_node drmm_kmalloc alloc_pages_noprof krealloc_noprof krealloc_node_align_noprof
    kvrealloc_noprof kvrealloc_node_align_noprof
    drm_exec_lock_obj drm_exec_prepare_obj drm_gpuvm_bo_obtain drm_gpuvm_bo_obtain_locked
    drm_gpuvm_prepare_vm drm_gpuvm_resv_object_alloc
    bitmap_zalloc folio_alloc_noprof mtree_store_range xa_store
    dma_buf_dynamic_attach dma_buf_map_attachment drm_gem_dmabuf_export drm_gem_map_dma_buf
    drm_gem_prime_import drm_gem_handle_create
    __xa_cmpxchg dma_buf_export get_free_pages_noprof sg_alloc_append_table_from_pages
    sg_alloc_table vmf_insert_pfn mmu_interval_notifier_insert
"""

# Imported, and calls nothing that can fail but what it is given: callbacks of ours.
CALLS_BACK = "drm_gpuvm_sm_map drm_gpuvm_sm_unmap dma_buf_mmap drm_gem_dmabuf_mmap"

# Imported, and made to fail by the circumstances in a test that is not of the table.
ELSEWHERE = {
    "_mutex_trylock_nest_lock": "vm_eviction_tries_the_lock_only",
    "dma_buf_fd": "prime_export_without_a_descriptor_is_EMFILE",
    "drm_gem_prime_handle_to_dmabuf": "prime_export_without_a_descriptor_is_EMFILE",
    "down_write_trylock": "userptr_oom_killer_takes_what_is_idle_rev_N3",
    "dma_fence_wait_timeout": "vm_waiting_bind_can_be_interrupted",
    "drm_mode_size_dumb": "kms_dumb_that_is_too_large_is_EINVAL",
    "drm_dev_enter": "vm_bind_without_device_is_ENODEV",
    "drm_mm_insert_node_in_range": "vm_implicit_too_much_at_once_is_ENOSPC",
    "memfd_pin_folios": "place_that_cannot_be_left_is_ENOMEM_rev_C3",
    "pin_user_pages_fast": "userptr_bad_memory_is_refused",
    "pin_user_pages_remote": "notifier_unmapped_is_EFAULT_until_mapped_again",
    "mutex_trylock": "vm_eviction_tries_the_lock_only",
    "prepare_to_wait_event": "vm_tables_on_the_queue_are_limited",
    "wait_for_completion_killable": "vm_bind_in_the_tree_ends_by_a_kill_only",
}

# Imported, and fails by chance only, for a signal at the right time: t_legacy_end kills.
BY_CHANCE = "down_read_killable mutex_lock_interruptible_nested dma_buf_begin_cpu_access dma_buf_end_cpu_access"

# Imported, and no test makes it fail: a device that cannot reach the memory of a process; a
# module that is unloaded while a put is left to a work item, which is waited for then; a range
# of an IOMMU, where runs get their own addresses if there is none.
UNTRIED = "dma_iova_link dma_iova_sync dma_iova_try_alloc dma_map_sgtable try_module_get"

# Imported, and run before there is anything to test: when the module is loaded.
LOADING = "__kmem_cache_create_args alloc_workqueue alloc_workqueue_noprof"

# Imported, and returns nothing, or nothing that is an error.
CANNOT_FAIL = """
    __flush_workqueue
    __SCT__WARN_trap __SCT__cond_resched __SCT__might_resched __SCT__preempt_schedule
    __SCT__preempt_schedule_notrace __clear_pages_unrolled __cond_resched
    __default_kernel_pte_mask __dma_sync_single_for_device __drm_dev_dbg
    __dynamic_drm_dev_dbg __fentry__ __folio_put __fortify_panic __get_task_comm __init_work
    __preempt_count __ref_stack_chk_guard __stack_chk_fail __supported_pte_mask
    __virt_addr_valid __vma_start_write __warn_printk __x86_return_thunk _ctype
    check_move_unevictable_folios clear_page_erms clear_page_orig clear_page_rep
    cpu_number current_task debugfs_create_file debugfs_create_file_full
    destroy_workqueue dev_driver_string dma_addressing_limited dma_buf_vunmap
    _dev_err dma_buf_detach dma_buf_invalidate_mappings dma_buf_move_notify dma_buf_put dma_buf_unmap_attachment
    dma_sync_sg_for_cpu dma_sync_sg_for_device __dma_sync_sg_for_cpu
    __dma_sync_sg_for_device drm_gem_dmabuf_release drm_gem_unmap_dma_buf
    dma_get_merge_boundary dma_iova_free dma_iova_unlink
    dma_max_mapping_size dma_resv_fini dma_resv_init dma_resv_reset_max_fences
    dma_resv_test_signaled dma_sync_single_for_device down_read down_write
    drm_gem_object_free drm_gem_object_release drm_gem_private_object_fini
    drm_gem_private_object_init drm_gem_vm_close drm_gem_vm_open drm_prime_gem_destroy
    freezer_active freezing_slow_path
    drm_printf drm_vma_offset_lookup_locked dump_page filemap_get_folios flush_work
    folio_clear_dirty_for_io folio_mark_dirty folio_unlock folios_put_refs fput
    fs_reclaim_acquire fs_reclaim_release generic_file_llseek get_mem_cgroup_from_mm
    init_on_alloc init_on_free int_active_memcg iommu_get_domain_for_dev kern_unmount
    kfree kmalloc_caches kmem_cache_destroy kmem_cache_free ktime_get_mono_fast_ns
    kvfree list_lru_add list_lru_count_one list_lru_del list_lru_destroy
    list_lru_isolate list_lru_walk_one llist_add_batch mem_section memcg_kmem_online_key
    memcpy memmove memory_cgrp_subsys memory_cgrp_subsys_enabled_key
    memory_cgrp_subsys_on_dfl_key memset mutex_is_locked node_states nr_node_ids
    nr_swap_pages numa_node page_offset_base pcpu_hot pgprot_writecombine put_fs_context
    queue_work_on rcuwait_wake_up refcount_dec_not_one refcount_warn_saturate
    reservation_ww_class seq_escape_mem seq_lseek seq_pad seq_printf seq_read seq_write
    sg_next shrinker_free sized_strscpy
    shmem_truncate_range shrinker_register simple_attr_open simple_attr_read simple_attr_release
    simple_attr_write single_open single_release this_cpu_off unmap_mapping_range
    up_read up_write usleep_range_state vm_get_page_prot
    vmemmap_base ww_mutex_lock ww_mutex_unlock xas_find xas_pause
    __free_pages __init_swait_queue_head __init_waitqueue_head __module_get __mutex_init
    __wake_up complete devres_add devres_free devres_release dma_fence_add_callback
    dma_fence_begin_signalling dma_fence_context_alloc dma_fence_end_signalling
    dma_fence_get_status dma_fence_get_stub dma_fence_init dma_fence_release
    dma_fence_remove_callback dma_fence_signal dma_resv_iter_first dma_resv_iter_next
    dma_resv_iter_first_unlocked dma_resv_iter_next_unlocked
    drm_dev_exit drm_dev_get drm_dev_put
    drm_exec_cleanup drm_exec_fini drm_exec_init drm_gpuva_find_first drm_gpuva_link
    drm_gpuva_map drm_gpuva_remap drm_gpuva_remove drm_gpuva_unlink drm_gpuvm_bo_evict
    drm_gpuvm_bo_extobj_add drm_gpuvm_bo_put drm_gpuvm_init drm_gpuvm_put
    drm_gpuvm_range_valid drm_gpuvm_resv_add_fence finish_wait init_wait_entry module_put
    drm_gpuva_find drm_mm_init drm_mm_remove_node drm_mm_takedown
    mutex_destroy mutex_init_lockdep mutex_lock mutex_lock_nested mutex_unlock
    queue_rcu_work rb_erase rb_insert_color schedule schedule_timeout_killable
    schedule_timeout_uninterruptible sort
    __msecs_to_jiffies __num_online_cpus _find_first_bit _find_next_bit
    css_next_descendant_pre debugfs_attr_read debugfs_attr_write
    debugfs_create_file_unsafe jiffies param_ops_uint pm_wakeup_pending psi_memstall_enter
    psi_memstall_leave register_pm_notifier
    sysfs_emit unregister_pm_notifier xa_load
    __cpu_online_mask seq_putc strlen
    __bitmap_clear __bitmap_set __dma_sync_single_for_cpu _find_first_zero_bit
    _find_next_zero_bit bitmap_free dma_sync_single_for_cpu inode_get_bytes mas_walk
    mtree_destroy phys_base xa_destroy xa_erase xa_find xa_find_after zap_special_vma_range
    zap_vma_ptes
    boot_cpu_data idr_get_next pgdir_shift ptrs_per_p4d
    invalidate_mapping_pages xa_clear_mark xa_get_mark xa_set_mark
    _totalram_pages capable debugfs_create_u32 dma_unmap_sg_attrs drm_clflush_virt_range
    free_pages free_uid sg_free_append_table sg_free_table unpin_user_page_range_dirty_lock
    unpin_user_pages unpin_user_pages_dirty_lock mmput mmu_interval_notifier_remove
    mmu_interval_read_begin
    folio_add_lru xas_get_order folio_copy node_data replace_page_cache_folio unpin_folio
    set_memory_wb set_pages_array_wb vm_unmap_aliases
"""

# Put there by what instruments a kernel for debugging.
INSTRUMENTATION = re.compile(r"""
    __asan_ | __kasan_ | __tsan_ | __ubsan_ | __kcsan_ | __sanitizer_ | __gcov | llvm_gcov
    | __list_(add|del) | __might_ | __mmap_lock_do_trace | __page_table_check
    | __raw_spin_lock_init | __tracepoint_ | __traceiter_ | __SCT__tp_ | __SCK__
    | _raw_(spin|read|write)_(lock|unlock|trylock)
    | __srcu_check_read_flavor | __trace_trigger_ | perf_trace_ | tracepoint_srcu
    | debug_ | kcsan_ | lock_acquire | lock_is_held | lock_release | lockdep_
    | oops_in_progress | page_table_check_ | rcu_ | __rcu_ | preempt_ | trace_
""", re.X)


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def exported():
    names = {}
    for path in sorted(glob.glob(os.path.join(TOP, "gem_uma/*.c")) +
                       glob.glob(os.path.join(TOP, "gem_uma/gpuvm/*.c")) +
                       glob.glob(os.path.join(TOP, "gem_uma/heap/*.c"))):
        rel = os.path.relpath(path, TOP)
        for n, line in enumerate(read(rel).splitlines(), 1):
            m = re.match(r"EXPORT_SYMBOL\w*\((\w+)\)", line)
            if m:
                names[m[1]] = f"{rel}:{n}"
    return names


def covered():
    """Functions that rows of the table name, each with the line it begins at."""
    names = {}
    for path in ROWS:
        text = read(path)
        for m in re.finditer(r"\.covers = \{([^}]*)\}", text):
            line = text.count("\n", 0, m.start()) + 1
            for name in re.findall(r'"(\w+)"', m[1]):
                names.setdefault(name, f"{path}:{line}")
    return names


def probed():
    """Symbols that the table of calls can make fail, or counts because they cannot."""
    text = read(CALLS)
    table = text[text.index("gem_uma_inject_calls[] = {"):]
    table = table[:table.index("\n};")]
    return set(re.findall(r'^\t\{ "(\w+)",', table, re.M))


def check_exports():
    found = []
    names, rows = exported(), covered()
    infallible = {}
    for why, listed in INFALLIBLE.items():
        infallible.update(dict.fromkeys(listed.split(), why))
    if not names or not rows:
        return [f"{ROWS[0]}:1: found no exported functions, or no rows"]
    for name, place in names.items():
        if name in rows and name in infallible:
            found.append(f"{rows[name]}: {name} is made to fail, and listed as infallible")
        elif name not in rows and name not in infallible:
            found.append(f"{place}: {name} is in no row of gem_uma/tests/gem_uma_inject_rows*.c")
    for name, place in rows.items():
        if name not in names:
            found.append(f"{place}: {name} is not exported")
    for name in infallible:
        if name not in names:
            found.append(f"scripts/check-inject.py: {name} is not exported")
    return found + elsewhere()


def elsewhere():
    """Symbols that fail in tests of their own; it is a finding if there is no such test."""
    text = "".join(read(os.path.relpath(path, TOP))
                   for folder in ("gem_uma/tests", "tests/uapi")
                   for path in glob.glob(os.path.join(TOP, folder, "*.c")))
    return [f"scripts/check-inject.py: {symbol} fails in {test}, which does not exist"
            for symbol, test in ELSEWHERE.items()
            if not re.search(rf'^static void {test}\(|\.name = "{test}"', text, re.M)]


def imports(module):
    out = subprocess.run(["nm", "-u", module], capture_output=True, text=True, check=False)
    if out.returncode:
        sys.exit(f"check-inject.py: {module}: {out.stderr.strip()}")
    return [line.split()[-1] for line in out.stdout.splitlines() if line.strip()]


def check_module(module):
    # Of what another module of ours exports, check_exports() knows.
    known = probed() | set(ELSEWHERE) | set(exported())
    for names in ALLOCATES, CALLS_BACK, BY_CHANCE, UNTRIED, LOADING, CANNOT_FAIL:
        known.update(names.split())
    names = imports(module)
    if not names:
        return [f"{module}: imports nothing"]
    return [f"{module}: {name} is not known: can it fail? (scripts/check-inject.py)"
            for name in names if name not in known and not INSTRUMENTATION.match(name)]


def main(argv):
    if any(a.startswith("-") for a in argv):
        print(__doc__, file=sys.stderr)
        return 2
    if argv and not shutil.which("nm"):
        print("no nm")
        return 4
    found = check_exports() if not argv else [f for m in argv for f in check_module(m)]
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
