"""Writes lecture/SEED-BATCH.txt: what a Python program of the lecture (PyTorch, scikit-learn, NLTK, pandas) prints on
SST-2, without the table of sentences, and with the sparse matrices described as on the slides.

usage: lecture_runs.py PROGRAM SST2 [SEED BATCH]...
"""
import os, re, subprocess, sys

here = os.path.dirname(os.path.abspath(__file__))
program, data = sys.argv[1:3]
runs = sys.argv[3:] or ["0", "16", "1", "16", "42", "32"]
for seed, batch in zip(runs[::2], runs[1::2]):
    environment = dict(os.environ, ATEN_CPU_CAPABILITY="avx2", OMP_NUM_THREADS="1")
    text = subprocess.run([sys.executable, program, data, seed, batch], env=environment, check=True,
                          capture_output=True, text=True).stdout
    text = text[text.index("[872 rows"):]
    text = re.sub(r"<Compressed Sparse Row sparse matrix of dtype 'int64'\n\twith (\d+) stored elements and shape "
                  r"\((\d+), (\d+)\)>",
                  r"<\2x\3 sparse matrix of type '<class 'numpy.int64'>'\n\twith \1 stored elements in Compressed "
                  r"Sparse Row format>", text)
    with open(os.path.join(here, "lecture", "%s-%s.txt" % (seed, batch)), "w") as f:
        f.write(text)
