"""NumPy's and scikit-learn's decompositions, driven by main.rs, on one thread.

peers.py ROWS COLUMNS FILE reads a matrix of f32 from FILE, then from standard input lines `gesdd` or `randomized RANK ITERATIONS`, where
the iterations may be `auto`. It answers each with the seconds and with the Frobenius norm of the error, in double precision.
"""

import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from sklearn.utils.extmath import randomized_svd

rows, columns, file = sys.argv[1:]
matrix = np.fromfile(file, np.float32).reshape(int(rows), int(columns))
for line in sys.stdin:
    name, *arguments = line.split()
    started = time.perf_counter()
    if name == "gesdd":
        u, s, vt = np.linalg.svd(matrix, full_matrices=False)
    else:
        rank, iterations = arguments
        iterations = iterations if iterations == "auto" else int(iterations)
        u, s, vt = randomized_svd(matrix, int(rank), n_iter=iterations, random_state=0)
    seconds = time.perf_counter() - started
    error = np.linalg.norm(matrix - (u.astype(float) * s) @ vt.astype(float))
    print(seconds, error, flush=True)
