#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""
peers.py NAME INPUT OUTPUT ARGUMENT THREADS: one peer from Debian, with its own defaults.
Prints "seconds S" and "cpu S" for what it does between its imports and its output.
"""
import os
import subprocess
import sys
import time

import numpy as np

R = """
suppressMessages(library(Rtsne))
a <- commandArgs(TRUE)
n <- as.integer(a[3]); d <- as.integer(a[4])
x <- matrix(readBin(a[1], "double", n * d), n, d)
set.seed(1)
t <- proc.time()
y <- Rtsne(x, pca = FALSE, perplexity = as.numeric(a[5]), num_threads = as.integer(a[6]))$Y
t <- proc.time() - t
cat("seconds", t[["elapsed"]], "\\ncpu", t[["user.self"]] + t[["sys.self"]], "\\n")
writeBin(as.double(y), a[2])
"""


def sklearn_tsne(x, perplexity, threads):
    from sklearn.manifold import TSNE
    return TSNE(perplexity=perplexity, n_jobs=threads, random_state=1).fit_transform


def umap(x, perplexity, threads):
    from umap import UMAP
    # Compiled before the clock starts.
    UMAP(n_neighbors=15).fit_transform(x[:200])
    return UMAP(n_jobs=threads).fit_transform


def sklearn_knn(x, k, threads):
    from sklearn.neighbors import NearestNeighbors
    return lambda x: NearestNeighbors(n_neighbors=int(k), algorithm="brute",
                                      n_jobs=threads).fit(x).kneighbors()[1]


def faiss_knn(x, k, threads):
    import faiss
    faiss.omp_set_num_threads(threads)

    def search(x):
        index = faiss.IndexFlatL2(x.shape[1])
        index.add(x)
        return index.search(x, int(k) + 1)[1][:, 1:]
    return search


def faiss_kmedoids(x, k, threads):
    """k-means, as many iterations as ours makes at most, and the row nearest to each mean."""
    import faiss
    faiss.omp_set_num_threads(threads)

    def choose(x):
        means = faiss.Kmeans(x.shape[1], int(k), niter=25, seed=1, max_points_per_centroid=10**9)
        means.train(x)
        index = faiss.IndexFlatL2(x.shape[1])
        index.add(x)
        return index.search(means.centroids, 1)[1].ravel()
    return choose


def sgemm(x, size, threads):
    """OpenBLAS: a product of square matrices; best of five."""
    a, b = (np.random.default_rng(i).random((int(size), int(size)), np.float32) for i in (1, 2))
    a @ b
    times = []
    for _ in range(5):
        begin = time.monotonic()
        a @ b
        times.append(time.monotonic() - begin)
    print("gflops", 2e-9 * size ** 3 / min(times))
    return lambda x: a[:1]


def rtsne(source, target, perplexity, threads):
    x = np.load(source).astype(float)
    raw = target + ".in", target + ".out"
    x.T.tofile(raw[0])
    subprocess.run(["Rscript", "-e", R, *raw, *map(str, x.shape), str(perplexity), str(threads)],
                   check=True)
    np.save(target, np.fromfile(raw[1]).reshape(2, -1).T)
    for path in raw:
        os.unlink(path)


PEERS = {f.__name__: f for f in (sklearn_tsne, umap, sklearn_knn, faiss_knn, faiss_kmedoids,
                                 sgemm)}


def main():
    name, source, target, argument, threads = sys.argv[1:]
    if name == "rtsne":
        return rtsne(source, target, float(argument), int(threads))
    x = np.load(source)
    work = PEERS[name](x, float(argument), int(threads))
    begin, cpu = time.monotonic(), time.process_time()
    found = work(x)
    print("seconds", time.monotonic() - begin)
    print("cpu", time.process_time() - cpu)
    np.save(target, found)


if __name__ == "__main__":
    main()
