// SPDX-License-Identifier: GPL-2.0
// A product can wrap: arrays are allocated by functions that check.

@product@
expression a, b;
position p;
identifier fn =~ "^(k|kv|v|drmm_k|devm_k)[mz]?alloc$";
@@
(
fn(a * b, ...)@p
|
drmm_kzalloc(..., a * b, ...)@p
|
devm_kzalloc(..., a * b, ...)@p
)

@script:python@
p << product.p;
@@
print(f"{p[0].file}:{p[0].line}: product as a size: use the function for arrays")
