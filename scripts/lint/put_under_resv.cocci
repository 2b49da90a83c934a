// SPDX-License-Identifier: GPL-2.0
// The last reference of an import takes the resv, and of any object may sleep and free
// the lock that is held: references are dropped after unlocking.

@in_locked@
identifier fn =~ "_locked$";
position p;
@@
fn(...) {
<...
drm_gem_object_put@p(...)
...>
}

@script:python@
p << in_locked.p;
@@
print(f"{p[0].file}:{p[0].line}: drm_gem_object_put() with resv held")

@between@
expression resv;
position p;
@@
dma_resv_lock(resv, ...);
... when != dma_resv_unlock(resv)
drm_gem_object_put@p(...)

@script:python@
p << between.p;
@@
print(f"{p[0].file}:{p[0].line}: drm_gem_object_put() with resv held")
