"""Makes reference.json: what numpy, scikit-learn and statsmodels say of made scores.

    pip install numpy==2.4.6 scikit-learn==1.9.1 statsmodels==0.15.0
    python reference.py > reference.json
"""

import json
import sys

import numpy as np
from sklearn.metrics import average_precision_score
from statsmodels.stats.proportion import proportion_confint

rng = np.random.default_rng(7)
out = {"average_precision": [], "wilson": [], "retrieval": []}

for n, steps in [(5, 0), (40, 0), (40, 6), (200, 0), (200, 12), (30, 1)]:
    scores = rng.random(n)
    if steps:  # many equal scores
        scores = np.floor(scores * steps) / steps
    right = rng.random(n) < 0.2 + 0.3 * scores
    right[0] = True
    out["average_precision"].append(
        {"scores": scores.tolist(), "right": right.tolist(), "want": average_precision_score(right, scores)}
    )

for k, n in [(0, 10), (10, 10), (1, 10), (5, 10), (3383, 10000), (50, 60), (1, 1)]:
    low, high = proportion_confint(k, n, alpha=0.05, method="wilson")
    out["wilson"].append({"k": k, "n": n, "low": float(low), "high": float(high)})

for pictures, each, dim, grid in [(20, 5, 8, 0), (70, 3, 8, 0), (40, 2, 4, 2)]:
    image = rng.standard_normal((pictures, dim)).astype(np.float32)
    own = np.repeat(np.arange(pictures), each)
    text = image[own] + 1.2 * rng.standard_normal((len(own), dim)).astype(np.float32)
    if grid:  # small whole numbers: exact products, many of them equal
        image, text = np.round(image * grid), np.round(text * grid)
    image, text = np.round(image, 4), np.round(text, 4)
    scores = text @ image.T
    # A stable sort leaves equal scores in the order of their numbers.
    order = np.argsort(-scores, axis=1, kind="stable")
    of_caption = [int(np.where(order[c] == own[c])[0][0]) + 1 for c in range(len(own))]
    order = np.argsort(-scores.T, axis=1, kind="stable")
    of_picture = [int(np.where(own[order[p]] == p)[0][0]) + 1 for p in range(pictures)]
    out["retrieval"].append(
        {
            "pictures": [[round(float(x), 4) for x in v] for v in image],
            "captions": [[round(float(x), 4) for x in v] for v in text],
            "own": own.tolist(),
            "of_caption": of_caption,
            "of_picture": of_picture,
            "recall": [float(np.mean(np.array(of_caption) <= k)) for k in (1, 5, 10)],
            "median": float(np.median(of_caption)),
        }
    )

json.dump(out, sys.stdout, separators=(",", ":"))
sys.stdout.write("\n")
