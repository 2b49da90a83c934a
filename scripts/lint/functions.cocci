// SPDX-License-Identifier: GPL-2.0
// Names every function that spatch understands: what it does not, no rule sees.

@definition@
identifier fn;
position p;
@@
fn@p(...) { ... }

@script:python@
p << definition.p;
fn << definition.fn;
@@
print(f"{p[0].file}:{p[0].line} {fn}")
