"""
One thread of arithmetic in each process where several share the cores: import it before numpy.

The threads of numpy and scikit-learn wait for each other by counting, and where the cores are taken
that takes half of the time of these tests. What the tests start has the same in its environment.
"""

import os

if "PYTEST_XDIST_WORKER" in os.environ:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
