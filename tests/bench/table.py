# SPDX-License-Identifier: GPL-2.0-only
"""Results as text."""


def machine(results):
    m = results["machine"]
    return (f"{m['processor']}, {m['processors']} processors, {m['memory'] / 2**30:.0f} GiB, "
            f"{' '.join(m['isa'])}; Linux {m['kernel']}; load {m['load'][0]:.1f}; "
            f"{m['nmsctl']}; {results['threads']} threads\n"
            + ", ".join(f"{k} {v}" for k, v in m["packages"].items() if v))


def number(name, value):
    if name.startswith("recall") or name == "of_sgemm":
        return f"{name} {value:.3f}"
    return f"{name} {value:.4g}"


def line(contender):
    if contender.error:
        return f"  {contender.name:<28} {contender.error}"
    loads = max(r.load for r in contender.runs)
    good = ", ".join(number(*item) for item in contender.quality.items())
    return (f"  {contender.name:<28} {contender.seconds():>9.2f} {contender.cpu():>9.2f} "
            f"{max(r.rss for r in contender.runs) / 2**20:>8.0f} {len(contender.runs):>5} "
            f"{loads:>5.1f}  {good}").rstrip()


def ratio(r):
    target = f", to KL {r['target']:.3f}" if "target" in r else ""
    return (f"  {r['ours']} is {r['wall']:.1f} times faster than {r['peer']} "
            f"({r['cpu']:.1f} times less processor time){target}")


def case(found):
    head = f"  {'':<28} {'wall s':>9} {'cpu s':>9} {'MiB':>8} {'runs':>5} {'load':>5}"
    return "\n".join(["", found["text"], head, *map(line, found["table"]),
                      *map(ratio, found["ratios"])])
