"""Reads cases ({"truth": [...], "scores": [[...]], "seed": n}) from a file, prints what scikit-learn says as JSON."""
import json
import sys
import warnings

import numpy as np
from sklearn import metrics as m

warnings.filterwarnings("ignore")
out = []
for case in json.load(open(sys.argv[1])):
    y, s = np.array(case["truth"]), np.array(case["scores"], np.float32).astype(float)
    k = s.shape[1]
    best, labels = s.argmax(1), list(range(k))
    p, r, f, n = m.precision_recall_fscore_support(y, best, labels=labels, zero_division=0)
    row = {
        "top": [float(np.mean([(np.argsort(-a, kind="stable")[:j] == t).any() for a, t in zip(s, y)])) for j in (1, 2, 3)],
        "precision": p.tolist(), "recall": r.tolist(), "f1": f.tolist(), "samples": n.tolist(),
        "confusion": m.confusion_matrix(y, best, labels=labels).tolist(),
        "log_loss": float(m.log_loss(y, s, labels=labels)),
        "hinge": float(m.hinge_loss(y, s, labels=labels)),
        "squared": float(m.mean_squared_error(np.eye(k)[y], s.astype(float))),
    }
    for avg in ("macro", "weighted", "micro"):
        row[avg] = [float(v) for v in m.precision_recall_fscore_support(y, best, average=avg, zero_division=0)[:3]]
    row["auc"], row["pauc"], row["ap"], row["best_f1"] = [], [], [], []
    for c in labels:
        t, v = y == c, s[:, c].astype(float)
        both = t.any() and not t.all()
        row["auc"].append(float(m.roc_auc_score(t, v)) if both else -1)
        row["pauc"].append(float(m.roc_auc_score(t, v, max_fpr=0.1)) if both else -1)
        row["ap"].append(float(m.average_precision_score(t, v)) if t.any() else -1)
        pr, rc, _ = m.precision_recall_curve(t, v)
        f1 = 2 * pr * rc / np.maximum(pr + rc, 1e-300)
        row["best_f1"].append(float(f1.max()) if t.any() else -1)
    out.append(row)
json.dump(out, sys.stdout)
