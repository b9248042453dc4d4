"""What others' tests say: the cases of ONNX, by which implementations are compared.

The package `onnx` makes cases of one node for each operator, and carries others that were
exported from PyTorch. All that use only operators that we have are counted: those that do not
apply are listed with the reason, and everything else has to pass.

Chapter: book/ledger.md.
"""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dlcore.autodiff import vjp
from dlcore.autodiff.dispatch import Traced
from dlcore.compat.onnx import run
from dlcore.compat.onnx.operators import OPERATORS
from dlcore.experiments.experiment import experiment

# Patterns of the names of the cases that do not apply, and why.
NOT_APPLICABLE = {
    "(pool|conv|transpose)_?3d": "three spatial axes: our windows have one or two",
    "averagepool_2d_dilations": "averages over windows whose entries lie apart",
    "einsum_(batch|sum).*bfloat16": "a precision that NumPy does not have",
    "identity_sequence": "a sequence of arrays as one value",
    "training_dropout(?!_zero)": "draws by a generator that ONNX does not define",
    "identity_opt": "a value that may be missing",
}


# Operators that have a derivative by their first input alone: others are weights and amounts.
BY_FIRST_INPUT = {"Pad", "SoftmaxCrossEntropyLoss"}


class OnnxCase(NamedTuple):
    """A model, what goes in and what is to come out, how far it may be off."""

    name: str
    model: object
    data: list
    rtol: float
    atol: float

    @property
    def reason(self):
        """Why the case does not apply, or nothing."""
        found = (why for name, why in NOT_APPLICABLE.items() if re.search(name, self.name.lower()))
        return next(found, "")

    def mistake(self):
        """Say what is wrong with what we compute, in one line, or nothing."""
        try:
            for inputs, wanted in self.data:
                compare(run(self.model, list(inputs)), wanted, self.rtol, self.atol)
        except Exception as error:
            return f"{type(error).__name__}: {error}".strip().splitlines()[0]
        return ""

    def differentiated(self):
        """Compute the case in reverse mode; return what differs from plain evaluation, or nothing.

        All values have to agree in every bit, and gradients to have the shapes of the inputs. None
        is returned where nothing depends on a number smoothly: the case is not differentiable.
        """
        differences = [difference_in_reverse(self.model, list(inputs)) for inputs, _ in self.data]
        return next(filter(None, differences), differences[0]) if differences else None


def difference_in_reverse(model, inputs):
    """Compare the results of a model in reverse mode and of plain arrays, bit by bit."""
    first_alone = BY_FIRST_INPUT & {node.op_type for node in model.graph.node}
    floats = [i for i, x in enumerate(inputs) if np.result_type(x).kind == "f"]
    places = floats[:1] if first_alone else floats
    values = []

    def traced(*xs):
        changed = dict(zip(places, xs, strict=True))
        values[:] = run(model, [changed.get(i, x) for i, x in enumerate(inputs)])
        return [y for y in values if isinstance(y, Traced)]

    ys, pullback = vjp(traced, *(inputs[i] for i in places))
    if not ys:
        return None
    smooth = iter(ys)
    found = [next(smooth) if isinstance(y, Traced) else y for y in values]
    for y, z in zip(map(np.asarray, found), map(np.asarray, run(model, inputs)), strict=True):
        if (y.shape, y.dtype, y.tobytes()) != (z.shape, z.dtype, z.tobytes()):
            return f"{y!r} in reverse mode, {z!r} in plain evaluation"
    x_bars = pullback([np.ones_like(y) for y in ys])
    kinds = [(np.shape(inputs[i]), np.result_type(inputs[i])) for i in places]
    found = [(np.shape(bar), np.result_type(bar)) for bar in x_bars]
    return "" if found == kinds else f"gradients are {found}, the inputs {kinds}"


def compare(found, wanted, rtol, atol):
    """Raise AssertionError unless all results have the value, the shape and the dtype wanted.

    >>> compare([np.ones(2)], [np.ones(2)], 0, 0)
    """
    for y, z in zip(map(np.asarray, found), map(np.asarray, wanted), strict=True):
        assert (y.shape, y.dtype) == (z.shape, z.dtype), (y.shape, y.dtype, z.shape, z.dtype)
        np.testing.assert_allclose(y.astype(float), z.astype(float), rtol=rtol, atol=atol)


def onnx_cases():
    """List the cases of ONNX that use only operators that we have; it takes some ten seconds."""
    from onnx.backend.test.case.node import collect_testcases  # noqa: PLC0415 (an extra)

    nodes = (OnnxCase(case.name, case.model, case.data_sets, case.rtol, case.atol)
             for case in collect_testcases(None))  # fmt: skip
    return [case for case in (*nodes, *filed_cases()) if ours(case.model)]


def filed_cases():
    """Yield the cases that were made by PyTorch, from the files of the package."""
    import onnx  # noqa: PLC0415 (an extra)
    from onnx.backend.test.loader import load_model_tests  # noqa: PLC0415

    def arrays(folder, kind):
        number = lambda file: int(file.stem.rpartition("_")[2])
        files = sorted(folder.glob(f"{kind}_*.pb"), key=number)
        return [onnx.numpy_helper.to_array(onnx.load_tensor(file)) for file in files]

    for case in (*load_model_tests(kind="pytorch-operator"),
                 *load_model_tests(kind="pytorch-converted")):  # fmt: skip
        folders = sorted(Path(case.model_dir).glob("test_data_set_*"))
        data = [(arrays(folder, "input"), arrays(folder, "output")) for folder in folders]
        model = onnx.load(Path(case.model_dir, "model.onnx"))
        yield OnnxCase(case.name, model, data, case.rtol, case.atol)


def ours(model):
    """Tell whether we have all operators of a model, and know its dialects."""
    dialects = {each.domain for each in model.opset_import} <= {"", "ai.onnx"}
    return dialects and {node.op_type for node in model.graph.node} <= {*OPERATORS}


@experiment("onnx-cases")
def onnx_cases_counted(seed):
    """Try the cases of ONNX for all operators that we have."""
    cases = onnx_cases()
    mistakes = {case.name: case.mistake() for case in cases if not case.reason}
    apart = {case.name: case.reason for case in cases if case.reason}
    traced = {case.name: case.differentiated() for case in cases if not case.reason}
    smooth = {name: mistake for name, mistake in traced.items() if mistake is not None}
    values = {
        "cases": len(cases),
        "applicable": len(mistakes),
        "passed": sum(not mistake for mistake in mistakes.values()),
        "differentiable": len(smooth),
        "same in reverse mode": sum(not mistake for mistake in smooth.values()),
        "operators": len(OPERATORS),
    }
    wrong = {name: mistake for name, mistake in [*mistakes.items(), *smooth.items()] if mistake}
    return values, {"wrong": wrong, "not applicable": apart}
