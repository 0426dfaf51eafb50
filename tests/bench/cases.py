# SPDX-License-Identifier: GPL-2.0-only
"""
What is measured against whom.  A case makes its contenders, has them run in turn,
and says what follows: lines of a table, and ratios.
"""
import json
import pathlib

import numpy as np

import data
import python_call
import quality
from measure import Contender, alternate, run

PEERS = str(pathlib.Path(__file__).with_name("peers.py"))
PYTHON = "/usr/bin/python3"
PERPLEXITY = 30
# Where the divergence that a peer reached is looked for.
DEFAULT = 500
# Up to so many rows neighbours are exact unless something else is asked for.
EXACT_ROWS = 131072
ITERATIONS = (100, 125, 150, 175, 200, 225, 250, 300, 350, 400, 450, 500, 600, 750, 1000)


class Setting:
    """What all cases share: programs, threads, where files go, how to speak."""

    def __init__(self, options, work):
        self.build = pathlib.Path(options.build)
        self.nmsctl = str(self.build / "nmsctl")
        self.threads, self.rounds, self.slow = options.threads, options.rounds, options.slow
        self.quick, self.peer_cmds, self.rows = options.quick, options.peer_cmd, options.rows
        self.work, self.say = pathlib.Path(work), options.say
        one = str(self.threads)
        self.env = {name: one for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
                                           "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")}

    def path(self, name):
        return str(self.work / name)

    def run(self, *command):
        return run([str(word) for word in command], env=self.env)

    def peer(self, name, source, argument, judge=None):
        """One of peers.py; judge(what it wrote) says how good that is."""
        target = self.path(name + ".npy")
        return Contender(
            name, lambda: self.run(PYTHON, PEERS, name, source, target, argument, self.threads),
            judge and (lambda: judge(np.load(target))))

    def peer_cmd(self, name, line, source, judge):
        target = self.path(name + ".npy")
        line = line.format(input=source, output=target, perplexity=PERPLEXITY,
                           threads=self.threads)
        return Contender(name, lambda: run(line, env=self.env, shell=True),
                         lambda: judge(np.load(target)))

    def ours(self, name, *words, judge=None):
        """nmsctl; judge() says what came out."""
        return Contender(name, lambda: self.run(self.nmsctl, *words, "-q", "-t", self.threads),
                         judge)


def ratios(ours, peers):
    return [{"ours": ours.name, "peer": p.name, "wall": p.seconds() / ours.seconds(),
             "cpu": p.cpu() / ours.cpu()} for p in peers if p.runs and ours.runs]


def result(name, text, contenders, found=()):
    return {"case": name, "text": text, "contenders": [c.as_dict() for c in contenders],
            "ratios": list(found), "table": contenders}


# ---- t-SNE --------------------------------------------------------------------------------


class Ours:
    """Our planes by the number of iterations, and their divergence; each made once."""

    def __init__(self, setting, source, truth):
        self.setting, self.source, self.truth, self.found = setting, source, truth, {}

    def divergence(self, n):
        if n not in self.found:
            plane = self.setting.path(f"plane-{n}.npy")
            self.setting.run(self.setting.nmsctl, "embed", self.source, "--iterations", n, "-o",
                             plane, "-q", "-t", self.setting.threads)
            self.found[n] = self.truth.divergence(np.load(plane))
            self.setting.say(f"  ours, {n} iterations: KL {self.found[n]:.4f}")
        return self.found[n]

    def fewest(self, target):
        """Iterations that reach it, or None: more of them never give a higher one by much."""
        low, high = 0, len(ITERATIONS)
        while low < high:
            middle = (low + high) // 2
            if self.divergence(ITERATIONS[middle]) <= target:
                high = middle
            else:
                low = middle + 1
        return ITERATIONS[low] if low < len(ITERATIONS) else None

    def contender(self, n):
        return self.setting.ours(f"ours, {n} iterations", "embed", self.source, "--iterations",
                                 n, "-o", self.setting.path("ours.npy"),
                                 judge=lambda: {"kl": self.divergence(n)})


def tsne(setting, rows, peers, targets=()):
    """To the exact divergence that each peer reaches: wall against wall."""
    name = f"tsne-{rows}"
    source = data.fashion_features(rows)
    truth = quality.Affinities(np.load(source), PERPLEXITY)
    judge = lambda plane: {"kl": truth.divergence(plane)}
    them = [setting.peer(p, source, PERPLEXITY, judge) for p in peers]
    them += [setting.peer_cmd(n, line, source, judge) for n, line in setting.peer_cmds]
    alternate(them, 1, setting.slow, setting.say)
    them = [p for p in them if not p.error] + [p for p in them if p.error]
    ours = Ours(setting, source, truth)
    # UMAP lowers another divergence: it is held against what nmsctl does unless it is told.
    wanted = {p.name: ours.divergence(DEFAULT) if p.name == "umap" else p.quality["kl"]
              for p in them if not p.error}
    wanted.update({f"KL {t}": t for t in targets})
    need = {who: ours.fewest(kl) for who, kl in wanted.items()}
    us = {n: ours.contender(n) for n in sorted({n for n in need.values() if n})}
    alternate([*us.values(), *them], setting.rounds, setting.slow, setting.say)
    lines = []
    for p in them:
        if need.get(p.name):
            lines += [{**r, "target": wanted[p.name]} for r in ratios(us[need[p.name]], [p])]
    return result(name, f"t-SNE of Fashion-MNIST, {rows:,} x 50, perplexity {PERPLEXITY}, "
                  "neighbours included, to the exact KL that each peer reaches",
                  [*us.values(), *them], lines)


# ---- neighbours, k-means ------------------------------------------------------------------


def neighbours(setting, rows, k):
    source = data.fashion_features(rows)
    x = np.load(source)
    raw = setting.path("rows.f32")
    x.tofile(raw)
    _, truth = quality.neighbours(x, k)
    sample = np.arange(0, rows, max(1, rows // 1000))

    def judge(found):
        return {"recall": float(np.mean([np.isin(truth[i], found[i]).mean() for i in sample])),
                "recall10": float(np.mean([np.isin(truth[i, :10], found[i]).mean()
                                           for i in sample]))}

    def ours(method):
        target = setting.path(method + ".u32")
        return Contender(
            "ours, " + method,
            lambda: setting.run(setting.build / "tests/bench/bench-knn", raw, target, rows,
                                x.shape[1], k, method, setting.threads),
            lambda: judge(np.fromfile(target, np.uint32).reshape(rows, k)))

    exact = ours("exact")
    sgemm = setting.peer("sgemm", source, 1024 if setting.quick else 4096)
    them = [setting.peer(p, source, k, judge) for p in ("faiss_knn", "sklearn_knn")]
    everyone = [exact, sgemm, ours("ivf"), *them]
    alternate(everyone, setting.rounds, setting.slow, setting.say)
    found = ratios(exact, them)
    if sgemm.runs and exact.runs:
        rate = 2e-9 * rows * rows * x.shape[1] / exact.seconds()
        peak = sorted(r.own["gflops"] for r in sgemm.runs)[len(sgemm.runs) // 2]
        exact.quality.update({"gflops": rate, "of_sgemm": rate / peak})
        sgemm.quality["gflops"] = peak
    return result(f"neighbours-{rows}", f"{k} nearest neighbours, Fashion-MNIST, {rows:,} x 50",
                  everyone, found)


def kmedoids(setting, rows, count):
    """k-means, at most 25 iterations, and the row nearest to each mean."""
    source = data.fashion_features(rows)
    x = np.load(source)
    target = setting.path("kmedoids.npy")
    ours = setting.ours("ours", "sample", source, "-k", count, "-m", "kmedoids", "-o", target,
                        judge=lambda: {"inertia": quality.inertia(x, np.load(target))})
    them = [setting.peer("faiss_kmedoids", source, count,
                         lambda found: {"inertia": quality.inertia(x, found)})]
    alternate([ours, *them], setting.rounds, setting.slow, setting.say)
    return result(f"kmedoids-{rows}", f"{count} medoids by k-means, Fashion-MNIST, {rows:,} x 50; "
                  "inertia to the nearest medoid", [ours, *them], ratios(ours, them))


# ---- whole jobs ---------------------------------------------------------------------------


def jobs(setting, count=600):
    """From the packed files to the exemplars; nobody else does all of it."""
    everyone = []
    for words in (("auto", True), ("nms", True), ("adapsne", True), ("auto", False),
                  ("nms", False)):
        method, labels = words
        everyone.append(setting.ours(
            f"{method}, {'labels' if labels else 'no labels'}", "sample", data.IMAGES,
            *(("--labels", data.LABELS) if labels else ()), "-k", count, "-m", method,
            "-o", setting.path("job.npy")))
    everyone[-1].judge = lambda: plane_of(setting, count)
    alternate(everyone, setting.rounds, setting.slow, setting.say)
    return result("jobs", f"whole jobs: Fashion-MNIST, 60,000 x 784 uint8, {count} exemplars, "
                  "reading included", everyone)


def plane_of(setting, count):
    """The exact divergence of the plane that nms sampled from."""
    plane = setting.path("plane.npy")
    setting.run(setting.nmsctl, "sample", data.IMAGES, "-k", count, "-m", "nms", "-q", "-o",
                setting.path("job.npy"), "--embedding", plane)
    x = data.images().astype(np.float32)
    mean, axes = data.principal(x, 50)
    return {"kl": quality.Affinities((x - mean) @ axes, PERPLEXITY).divergence(np.load(plane))}


def python(setting):
    """What a call from Python costs beside the work itself."""
    return result("python", f"Fashion-MNIST, 60,000 x 784, {python_call.COUNT} exemplars by class: "
                  "the work of nmsctl without reading, and the whole call from Python",
                  python_call.case(setting))


# ---- growth -------------------------------------------------------------------------------


def growth(setting, largest):
    """Ours alone, from a thousand rows on; approximate neighbours where they are the default."""
    import deform

    everyone = []
    for rows in (r for r in (1000, 3000, 10000, 30000, 100000, 300000, 1000000) if r <= largest):
        x, labels = deform.made(rows)
        for name, words in (("auto, labels", ("-m", "auto", "--labels", labels)),
                            ("nms, no labels", ("-m", "nms")),
                            ("nms, no labels, ivf", ("-m", "nms", "--neighbours", "ivf"))):
            if "--neighbours" in words and rows > EXACT_ROWS:
                continue	# the default is the same
            c = Contender(f"{name}, {rows}", None)
            c.start = lambda words=words, x=x: with_stages(setting, x, words)
            everyone.append(c)
    alternate(everyone, setting.rounds, setting.slow, setting.say)
    return result("growth", "time against rows: Fashion-MNIST deformed, PCA to 128, 1 % chosen",
                  everyone)


def with_stages(setting, x, words):
    """A selection, and the seconds of its stages as it tells them."""
    target = setting.path("growth.npy")
    got = setting.run(setting.nmsctl, "sample", x, "-r", 0.01, *words, "-q", "-t",
                      setting.threads, "-o", target)
    with open(target + ".manifest.json") as f:
        results = json.load(f).get("results", {})
    got.own.update({k: results[k] for k in ("kl", "recall10", "recall") if k in results})
    return got
