"""Decision trees as plain arrays: what forests and boosted trees of scikit-learn come to, without its objects.

A node is a row: the feature it asks for, the threshold, where to go on, the value. Arrays by name can be saved and
checked, nothing in them can run; one kernel scores them all, a row at a time in the same order, so that a row's score
does not depend on how many rows there are.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
import numba
import numpy as np
import numpy.typing as npt

from models.contract import Numbers
from tollwatch.errors import StoreError

Link = Literal["mean", "logistic", "isolation"]
"""What the sum over trees becomes: a mean share of frauds, a chance (logistic function), how soon it is isolated."""
EULER = 0.5772156649015329
LEAF = -1
_KINDS = {"feature": "<i4", "threshold": "<f8", "left": "<i4", "right": "<i4", "value": "<f8", "roots": "<i4"}


class SavedTrees(msgspec.Struct, frozen=True):
    """Trees as they are saved: little-endian arrays by name."""

    link: Link
    inputs: int
    base: float
    scale: float
    arrays: dict[str, bytes]


class Trees:
    """Trees over `inputs` numbers: the sum begins with `base`, and is divided by `scale` as the link says.

    Children lie behind their parents, so that every walk ends; `load` refuses arrays in which they do not.
    """

    def __init__(self, link: Link, inputs: int, arrays: dict[str, npt.NDArray[Any]], base: float, scale: float) -> None:
        self.link, self.inputs, self.base, self.scale = link, inputs, base, scale
        self.arrays = {name: np.ascontiguousarray(arrays[name].astype(kind)) for name, kind in _KINDS.items()}

    def score(self, rows: Numbers) -> Numbers:
        """The score of each row, from 0 to 1. Rows are compared in 32 bits, as scikit-learn compares."""
        single = np.ascontiguousarray(rows, np.float32)
        a = self.arrays
        sums = _sums(single, a["feature"], a["threshold"], a["left"], a["right"], a["value"], a["roots"], self.base)
        return self._linked(sums)

    def _linked(self, sums: Numbers) -> Numbers:
        if self.link == "mean":
            return np.clip(sums / self.scale, 0.0, 1.0)
        if self.link == "logistic":
            return 1.0 / (1.0 + np.exp(-np.clip(sums, -500.0, 500.0)))
        return np.exp2(-sums / self.scale)

    def contributions(self, row: Numbers) -> Numbers:
        """How much each input moved the sum of one row on its way down the trees (Saabas 2014), by input.

        They add up to the sum less the mean of the roots; of isolation, a path that ends sooner than usual is positive.
        """
        a, parts = self.arrays, np.zeros(self.inputs)
        _walk(
            np.ascontiguousarray(row, np.float32),
            a["feature"],
            a["threshold"],
            a["left"],
            a["right"],
            a["value"],
            a["roots"],
            parts,
        )
        return -parts / self.scale if self.link == "isolation" else parts / self.scale

    def save(self) -> SavedTrees:
        """All numbers by name."""
        arrays = {name: values.tobytes() for name, values in self.arrays.items()}
        return SavedTrees(self.link, self.inputs, self.base, self.scale, arrays)


def load_trees(saved: SavedTrees, *, what: str) -> Trees:
    """Trees that were saved. Raises StoreError where arrays are missing, of other lengths, or lead astray."""
    if saved.arrays.keys() != _KINDS.keys():
        raise StoreError(f"{what}: its trees have the arrays {', '.join(sorted(saved.arrays))}; restore it")
    try:
        arrays = {name: np.frombuffer(saved.arrays[name], kind) for name, kind in _KINDS.items()}
    except ValueError as error:
        raise StoreError(f"{what}: its trees cannot be read ({error}); restore it") from error
    if not _sound(arrays, saved):
        raise StoreError(f"{what}: its trees lead nowhere; they are damaged or not of this product: restore it")
    return Trees(saved.link, saved.inputs, arrays, saved.base, saved.scale)


def _sound(arrays: dict[str, npt.NDArray[Any]], saved: SavedTrees) -> bool:
    nodes = len(arrays["value"])
    if any(len(arrays[name]) != nodes for name in ("feature", "threshold", "left", "right")):
        return False
    inner = np.flatnonzero(arrays["left"] != LEAF)
    here = inner.astype(np.int64)
    return bool(
        np.isfinite(arrays["value"]).all()
        and np.isfinite(arrays["threshold"][inner]).all()
        and np.isfinite([saved.base, saved.scale]).all()
        and saved.scale > 0
        and ((arrays["feature"][inner] >= 0) & (arrays["feature"][inner] < saved.inputs)).all()
        and all(((arrays[way][inner] > here) & (arrays[way][inner] < nodes)).all() for way in ("left", "right"))
        and ((arrays["roots"] >= 0) & (arrays["roots"] < nodes)).all()
    )


def of_forest(forest: Any) -> Trees:
    """A fitted RandomForestClassifier or ExtraTreesClassifier of two classes: a node's value is its share of frauds."""
    trees = [_of_tree(tree.tree_, tree.tree_.value[:, 0, 1]) for tree in forest.estimators_]
    return Trees("mean", forest.n_features_in_, _joined(trees), 0.0, float(len(trees)))


def of_boosting(boosting: Any) -> Trees:
    """A fitted HistGradientBoostingClassifier of two classes without categories.

    scikit-learn has no public door to its nodes; a test holds what is scored here against `predict_proba`.
    """
    trees = []
    for (predictor,) in boosting._predictors:  # noqa: SLF001
        nodes = predictor.nodes
        leaf = nodes["is_leaf"].astype(bool)
        ways = [np.where(leaf, LEAF, nodes[way].astype(np.int64)) for way in ("left", "right")]
        trees.append(
            {
                "feature": nodes["feature_idx"],
                "threshold": np.where(leaf, 0.0, np.minimum(nodes["num_threshold"], np.finfo(np.float32).max)),
                "left": ways[0],
                "right": ways[1],
                "value": nodes["value"],
            }
        )
    base = float(np.ravel(boosting._baseline_prediction)[0])  # noqa: SLF001
    return Trees("logistic", boosting.n_features_in_, _joined(trees), base, 1.0)


def of_isolation(forest: Any) -> Trees:
    """A fitted IsolationForest (Liu, Ting and Zhou 2008): a node's value is the length of the path that ends in it.

    What a leaf's examples would still need to be told apart is added; an inner node has the mean of its examples.
    """
    trees = []
    for tree, features in zip(forest.estimators_, forest.estimators_features_, strict=True):
        made = _of_tree(tree.tree_, _path_lengths(tree.tree_))
        made["feature"] = np.where(made["left"] == LEAF, 0, np.asarray(features)[np.maximum(made["feature"], 0)])
        trees.append(made)
    usual = float(average_path(np.array([forest.max_samples_]))[0])
    return Trees("isolation", forest.n_features_in_, _joined(trees), 0.0, max(len(trees) * usual, 1e-9))


def average_path(examples: npt.NDArray[Any]) -> Numbers:
    """The mean path of an unsuccessful search in a binary tree of so many examples: c(n) of the isolation forest."""
    n = np.asarray(examples, np.float64)
    many = 2.0 * (np.log(np.maximum(n - 1.0, 1.0)) + EULER) - 2.0 * (n - 1.0) / np.maximum(n, 1.0)
    return np.where(n > 2, many, np.where(n == 2, 1.0, 0.0))


def _path_lengths(tree: Any) -> Numbers:
    left, right, examples = tree.children_left, tree.children_right, tree.n_node_samples.astype(np.float64)
    depth, lengths = np.zeros(len(left)), np.zeros(len(left))
    for node in range(len(left)):
        for child in (left[node], right[node]):
            if child != LEAF:
                depth[child] = depth[node] + 1.0
    for node in range(len(left) - 1, -1, -1):
        if left[node] == LEAF:
            lengths[node] = depth[node] + float(average_path(examples[node : node + 1])[0])
        else:
            both = [left[node], right[node]]
            lengths[node] = float((lengths[both] * examples[both]).sum() / examples[both].sum())
    return lengths


def _of_tree(tree: Any, values: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
    leaf = tree.children_left == LEAF
    return {
        "feature": np.where(leaf, 0, tree.feature),
        "threshold": np.where(leaf, 0.0, tree.threshold),
        "left": tree.children_left,
        "right": np.where(leaf, LEAF, tree.children_right),
        "value": values,
    }


def _joined(trees: Sequence[dict[str, npt.NDArray[Any]]]) -> dict[str, npt.NDArray[Any]]:
    sizes = [len(tree["value"]) for tree in trees]
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    joined = {name: np.concatenate([tree[name] for tree in trees]) for name in ("feature", "threshold", "value")}
    for way in ("left", "right"):
        joined[way] = np.concatenate(
            [np.where(tree[way] == LEAF, LEAF, tree[way] + root) for tree, root in zip(trees, roots, strict=True)]
        )
    return joined | {"roots": roots}


@numba.njit(cache=True)
def _sums(rows, feature, threshold, left, right, value, roots, base):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, PLR0917
    out = np.empty(len(rows), np.float64)
    for n in range(len(rows)):
        total = base
        for root in roots:
            node = root
            while left[node] != LEAF:
                node = left[node] if rows[n, feature[node]] <= threshold[node] else right[node]
            total += value[node]
        out[n] = total
    return out


@numba.njit(cache=True)
def _walk(row, feature, threshold, left, right, value, roots, parts):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, PLR0917
    for root in roots:
        node = root
        while left[node] != LEAF:
            child = left[node] if row[feature[node]] <= threshold[node] else right[node]
            parts[feature[node]] += value[child] - value[node]
            node = child
