"""The lab for notebooks: `from tollwatch.lab import Model, dataset, read, replay`."""

from importlib import import_module

from tollwatch.bundled import use_bundled_folders

use_bundled_folders()
_notebook = import_module("services.lab.notebook")  # found only now: the words import nothing of ours
Model, TrainingSet, Replayed = _notebook.Model, _notebook.TrainingSet, _notebook.Replayed
dataset, read, replay = _notebook.dataset, _notebook.read, _notebook.replay

__all__ = ["Model", "Replayed", "TrainingSet", "dataset", "read", "replay"]
