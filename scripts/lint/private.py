#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Prints a semantic patch that finds uses of private members: those that a struct
of include/drm/gem_uma has behind its "private:" mark, outside of the part that owns
it. The owner of a struct in gem_uma_NOUN.h is that header and gem_uma_NOUN.c, with
gem_uma_NOUN_*.c where a part has several files, which is why there is no table to
forget.

private.py [HEADER...]
"""
import os
import re
import sys

STRUCT = re.compile(r"^struct (\w+) \{\n(.*?)^\};", re.M | re.S)
MEMBER = re.compile(r"(\w+)(?:\[[^\]]*\])?;\s*$")

RULE = """
@{rule}@
struct {struct} *S;
struct {struct} s;
position p;
@@
(
{alternatives}
)

@script:python@
p << {rule}.p;
@@
import os
if not os.path.basename(p[0].file).startswith(("{base}.", "{base}_")):
    print(f"{{p[0].file}}:{{p[0].line}}: private member of struct {struct}, "
          "which belongs to {base}.c")
"""


def private_members(body):
    parts = re.split(r"/\* private:.*?\*/", body, flags=re.S)
    if len(parts) == 1:
        return []
    text = re.sub(r"/\*.*?\*/", "", parts[1].split("/* public:")[0], flags=re.S)
    return [m[1] for line in text.split("\n") if (m := MEMBER.search(line))]


def main():
    found = 0
    for path in sys.argv[1:]:
        base = os.path.basename(path)[:-2]
        with open(path, encoding="utf-8") as f:
            text = f.read()
        for name, body in STRUCT.findall(text):
            members = private_members(body)
            if not members:
                continue
            found += 1
            uses = [use for m in members for use in (f"S->{m}@p", f"s.{m}@p")]
            print(RULE.format(rule=f"in_{name}", struct=name, base=base,
                              alternatives="\n|\n".join(uses)))
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
