// SPDX-License-Identifier: GPL-2.0
// A fault takes the mmap lock, then resv: user memory is not touched under resv.

@in_locked@
identifier fn =~ "_locked$";
position p;
@@
fn(...) {
<...
(
copy_from_user@p(...)
|
copy_to_user@p(...)
|
get_user@p(...)
|
put_user@p(...)
|
memdup_user@p(...)
|
mmap_read_lock@p(...)
|
mmap_write_lock@p(...)
)
...>
}

@script:python@
p << in_locked.p;
@@
print(f"{p[0].file}:{p[0].line}: user memory or mmap lock with resv held")

@between@
expression resv;
position p;
@@
dma_resv_lock(resv, ...);
... when != dma_resv_unlock(resv)
(
copy_from_user@p(...)
|
copy_to_user@p(...)
|
get_user@p(...)
|
put_user@p(...)
|
memdup_user@p(...)
|
mmap_read_lock@p(...)
|
mmap_write_lock@p(...)
)

@script:python@
p << between.p;
@@
print(f"{p[0].file}:{p[0].line}: user memory or mmap lock with resv held")
