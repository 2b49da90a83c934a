# SPDX-License-Identifier: GPL-2.0
"""Counts KTAP output. Leaves are counted, a parent only when its own line
contradicts its children."""
import re

RESULT = re.compile(r"^(?P<indent> *)(?P<not>not )?ok (?P<num>\d+)\b ?-? ?(?P<rest>.*)$")
PLAN = re.compile(r"^(?P<indent> *)1\.\.(?P<n>\d+)\b\s*(?:# *SKIP\b *(?P<why>.*))?$", re.I)
DIRECTIVE = re.compile(r"(?:^|\s)# *(?P<kind>SKIP|TODO|XFAIL|TIMEOUT|ERROR)\b:? *(?P<why>.*)$", re.I)
# KUnit gives the subtests of a parameterized case no plan, but says how many there were.
TOTAL = re.compile(r"^(?P<indent> *)# .+: pass:\d+ fail:\d+ skip:\d+ total:(?P<n>\d+)$")
NOTE = re.compile(r"^ *# +(?P<text>.+)$")
BAIL = re.compile(r"^ *Bail out!\s*(.*)$")


class Level:
    def __init__(self):
        self.plan = None
        self.seen = 0
        self.failed = 0


class Result:
    def __init__(self):
        self.passed = 0
        self.failures = []      # (name, why)
        self.skips = []         # (name, why)
        self.is_ktap = False


def _close(levels, depth, res, where):
    """Ends every level deeper than depth; returns (had children, child failed)."""
    had = failed = False
    for d in sorted((d for d in levels if d > depth), reverse=True):
        level = levels.pop(d)
        had = had or level.seen > 0
        failed = failed or level.failed > 0
        failed = _check_plan(level, res, where) or failed
    return had, failed


def _check_plan(level, res, where):
    if level.plan is None:
        why = f"no plan line ({level.seen} results)"
    elif level.seen != level.plan:
        why = f"planned {level.plan}, ran {level.seen}"
    else:
        return False
    res.failures.append((where or "plan", why))
    return True


def parse(text):
    res = Result()
    levels = {}
    notes = []              # since the last result: where the reason is
    for line in text.splitlines():
        m = PLAN.match(line)
        if m:
            res.is_ktap = True
            depth = len(m["indent"])
            # a second document at the top: judge the first one now
            if depth == 0 and 0 in levels and levels[0].plan is not None:
                _close(levels, -1, res, None)
            level = levels.setdefault(depth, Level())
            level.plan = int(m["n"])
            if level.plan == 0:
                why = (m["why"] or "").strip()
                if why:
                    res.skips.append(("all", why))
                else:
                    res.failures.append(("plan", "plan of 0 tests without a SKIP reason"))
            continue
        m = RESULT.match(line)
        if m:
            _result(m, levels, res, "; ".join(notes[-3:]))
            notes = []
            continue
        m = TOTAL.match(line)
        if m:
            deepest = max(levels, default=-1)
            if deepest > len(m["indent"]) and levels[deepest].plan is None:
                levels[deepest].plan = int(m["n"])
            continue
        m = BAIL.match(line)
        if m:
            res.is_ktap = True
            res.failures.append(("Bail out!", m[1].strip()))
            continue
        m = NOTE.match(line)
        if m and not m["text"].startswith(("Totals:", "Subtest:")):
            notes.append(m["text"].strip())
    _close(levels, -1, res, None)
    return res


def _result(m, levels, res, notes):
    res.is_ktap = True
    depth = len(m["indent"])
    rest = m["rest"]
    directive = DIRECTIVE.search(rest)
    name = (rest[:directive.start()] if directive else rest).strip()
    name = name or f"test {m['num']}"
    kind = directive["kind"].upper() if directive else None
    why = directive["why"].strip() if directive else ""

    had_children, child_failed = _close(levels, depth, res, name)
    level = levels.setdefault(depth, Level())
    level.seen += 1
    if int(m["num"]) != level.seen:
        res.failures.append((name, f"numbered {m['num']}, expected {level.seen}"))
        level.failed += 1
        level.seen = int(m["num"])
        return
    if had_children:
        if m["not"] and not child_failed:
            res.failures.append((name, "not ok, though every subtest is"))
        elif child_failed and not m["not"]:
            pass                # the child is counted already
        level.failed += 1 if m["not"] or child_failed else 0
    elif kind == "SKIP":
        # kselftest prints "ok N name # SKIP why"; TAP allows "not ok" too
        if why:
            res.skips.append((name, why))
        else:
            res.failures.append((name, "skipped without a reason"))
            level.failed += 1
    elif m["not"]:
        res.failures.append((name, (f"{kind}: " if kind else "") + (why or notes)))
        level.failed += 1
    else:
        res.passed += 1
