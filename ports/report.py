#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The verdicts on drivers as they are and ported, side by side.

    report.py [--write] DIR DRIVER...    of what check-ports.sh left in DIR
    report.py --table                    of all ports, from ports/*/result
    report.py --mail                     the same without markup
    report.py --check                    is that the table of the README, and has each port a
                                         result that is not compiled only?
    report.py --into-readme              puts it there

Fails where a ported driver does not do what its original does, and ports/DRIVER/differences
does not say so; and where it says so of what is not the case. A line there is a test, and
the reason. --write keeps ports/DRIVER/result.
"""
import argparse
import glob
import json
import os
import re
import sys

PORTS = os.path.dirname(os.path.abspath(__file__))
README = os.path.join(os.path.dirname(PORTS), "README.md")
BEGIN = "<!-- The table of ports: ports/report.py --into-readme -->\n"
END = "<!-- End of the table of ports. -->"
COMPILED = re.compile("^compiled=.", re.M)
BASE = re.compile("^base=.", re.M)
RESULT = re.compile(r"^(not ok|ok) \d+ (\S+)(?: # SKIP (.*))?")
FIGURE = re.compile(r"^# figure (\S+) (\d+) (\S+)")


def parse(path):
    """{test: (verdict, reason)}, {(test, figure): (value, unit)}. Of a failure, the last note."""
    tests, figures, pending, note = {}, {}, {}, ""
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            m = RESULT.match(line)
            if m:
                verdict = "skip" if m[3] else "ok" if m[1] == "ok" else "fails"
                tests[m[2]] = (verdict, m[3] or note if verdict != "ok" else "")
                figures.update({(m[2], name): value for name, value in pending.items()})
                pending, note = {}, ""
            m = FIGURE.match(line)
            if m:
                pending[m[1]] = (int(m[2]), m[3])
            elif line.startswith("# ") and not line.startswith("# Totals"):
                note = line[2:].strip()
    return tests, figures


def read_lines(path):
    with open(path, encoding="utf-8") as f:
        return [l.rstrip("\n") for l in f if l.strip() and not l.startswith("#")]


def differences(driver):
    path = os.path.join(PORTS, driver, "differences")
    rows = read_lines(path) if os.path.exists(path) else []
    return {r.split(None, 1)[0]: r.split(None, 1)[1] for r in rows}


def human(value, unit):
    return f"{value / (1 << 20):.1f} MiB" if unit == "bytes" else f"{value} {unit}"


def compare(driver, out):
    stock, stock_figures = parse(os.path.join(out, f"{driver}-stock.tap"))
    ported, ported_figures = parse(os.path.join(out, f"{driver}-ported.tap"))
    listed = differences(driver)
    bad = []
    print(f"\n{driver:<32}{'as it is':<12}{'ported':<12}")
    for test in dict.fromkeys([*ported, *stock]):
        was, why = stock.get(test, ("missing", ""))
        now, _ = ported.get(test, ("missing", ""))
        print(f"  {test:<30}{was:<12}{now:<12}" +
              (listed.get(test, "") if was != now else why if was == "skip" else ""))
        if was != now and test not in listed:
            bad.append(f"{driver}: {test}: {was} before, {now} now: {why}")
        if was == now and test in listed:
            bad.append(f"{driver}: {test}: the same, though ports/{driver}/differences says else")
        if now in ("fails", "missing"):
            bad.append(f"{driver}: {test}: {now}")
        for key in (k for k in ported_figures if k[0] == test):
            before = human(*stock_figures[key]) if key in stock_figures else "-"
            print(f"    {key[1]:<28}{before:<12}{human(*ported_figures[key]):<12}")
    count = lambda tests: sum(v == "ok" for v, _ in tests.values())
    reclaimed = lambda figures: [figures.get(("reclaim_idle", f), (0, ""))[0]
                                 for f in ("charged_before", "charged_after")]
    result = {
        "driver": driver,
        "tests": len(ported), "stock_ok": count(stock), "ported_ok": count(ported),
        "skipped": sum(v == "skip" for v, _ in ported.values()),
        "jobs": ported.get("thousand_jobs", ("", ""))[0],
        "reclaim": {"stock": reclaimed(stock_figures), "ported": reclaimed(ported_figures)},
    }
    return result, bad


def lines_of(out, driver):
    minus = plus = 0
    for line in read_lines(os.path.join(out, "lines")):
        name, _, deleted, added = line.split()
        if name == driver:
            minus, plus = minus + int(deleted), plus + int(added)
    return minus, plus


def mib(pair):
    return f"{pair[0] / (1 << 20):.0f} → {pair[1] / (1 << 20):.0f}" if pair[0] else "-"


def results():
    for driver in sorted(os.listdir(PORTS)):
        path = os.path.join(PORTS, driver, "result")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                yield json.load(f)


def row(r):
    """Of the table: driver, lines, tests, jobs, reclaim as it is, reclaim ported."""
    return (r["driver"], f"-{r['lines'][0]} +{r['lines'][1]}",
            f"{r['stock_ok']} / {r['ported_ok']} of {r['tests'] - r['skipped']}",
            "yes" if r["jobs"] == "ok" else "none to run",
            mib(r["reclaim"]["stock"]), mib(r["reclaim"]["ported"]))


def table():
    rows = ["| driver | lines | tests: as it is / ported | jobs | memory.reclaim, MiB: as it is | ported |",
            "|---|---|---|---|---|---|"]
    rows += ["| " + " | ".join(row(r)) + " |" for r in results()]
    return "\n".join(rows) + "\n"


def mail():
    """A series has the first step of a port alone."""
    rows = [("driver", "lines", "tests passed", "jobs", "as it is", "ported")]
    rows += [tuple(c.replace("→", "->") for c in row(r)) for r in results()
             if not says(BASE, r["driver"])]
    width = [max(map(len, column)) for column in zip(*rows)]
    return "".join("  ".join(map(str.ljust, r, width)).rstrip() + "\n" for r in rows)


def readme(write):
    with open(README, encoding="utf-8") as f:
        text = f.read()
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        print("README.md:1: the table of ports is missing")
        return 1
    new = head + begin + table() + end + tail
    if new != text and not write:
        print("README.md:1: the table of ports is not that of ports/*/result: "
              "ports/report.py --into-readme")
        return 1
    if new != text:
        with open(README, "w", encoding="utf-8") as f:
            f.write(new)
    return 0


def says(what, driver):
    try:
        with open(os.path.join(PORTS, driver, "names"), encoding="utf-8") as f:
            return bool(what.search(f.read()))
    except OSError:
        return False


def claims():
    """What is in the table was run, and what was not is said to be compiled only."""
    bad = 0
    for driver in sorted(os.listdir(PORTS)):
        if not glob.glob(os.path.join(PORTS, driver, "*.cocci")):
            continue
        has = os.path.exists(os.path.join(PORTS, driver, "result"))
        if has and says(COMPILED, driver):
            print(f"ports/{driver}/result:1: of a port that ports/{driver}/names says is compiled only")
            bad = 1
        if not has and not says(COMPILED, driver):
            print(f"ports/{driver}/names:1: neither a result, nor does it say why it is compiled only")
            bad = 1
    return bad


def main():
    ap = argparse.ArgumentParser(description=__doc__, allow_abbrev=False,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    for flag in ("--write", "--table", "--mail", "--check", "--into-readme"):
        ap.add_argument(flag, action="store_true")
    ap.add_argument("args", nargs="*", metavar="DIR DRIVER")
    a = ap.parse_args()
    if a.table:
        print(table(), end="")
        return 0
    if a.mail:
        print(mail(), end="")
        return 0
    if a.check or a.into_readme:
        return readme(a.into_readme) | (claims() if a.check else 0)
    if len(a.args) < 2:
        ap.print_usage(sys.stderr)
        return 2
    out, bad = a.args[0], []
    for driver in a.args[1:]:
        try:
            result, more = compare(driver, out)
        except OSError as e:
            bad.append(f"{driver}: {e}")
            continue
        bad += more
        result["lines"] = lines_of(out, driver)
        with open(os.path.join(out, f"{driver}.json"), "w", encoding="utf-8") as f:
            json.dump(result, f, indent=1)
        if a.write and not more:
            with open(os.path.join(PORTS, driver, "result"), "w", encoding="utf-8") as f:
                json.dump(result, f, indent=1)
                f.write("\n")
    print()
    for text in bad:
        print(text)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
