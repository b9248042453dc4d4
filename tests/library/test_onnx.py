"""Models in ONNX, by the cases with which others test their own implementations."""

import numpy as np
import pytest

from dlcore.compat.onnx import UnsupportedError, run
from dlcore.compat.onnx.operators import OPERATORS
from dlcore.experiments import outside
from dlcore.experiments.experiment import record

onnx = pytest.importorskip("onnx")


@pytest.fixture(scope="session")
def cases():
    """All cases of operators that we have, made once."""
    return outside.onnx_cases()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("part", range(8))
def test_the_cases_of_others_pass(cases, part):
    """Every one that applies: values, shapes and dtypes."""
    mine = [case for case in cases[part::8] if not case.reason]
    assert {case.name: case.mistake() for case in mine if case.mistake()} == {}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("part", range(8))
def test_reverse_mode_computes_what_plain_evaluation_does(cases, part):
    """In every bit, and the gradients have the shapes and the precisions of the inputs."""
    mine = [case for case in cases[part::8] if not case.reason]
    assert {case.name: told for case in mine if (told := case.differentiated())} == {}


@pytest.mark.filterwarnings("ignore")
def test_what_does_not_apply_is_refused(cases):
    """None of the listed cases passes: a reason that has gone is taken off the list."""
    listed = [case for case in cases if case.reason]
    assert [case.name for case in listed if not case.mistake()] == []


@pytest.mark.filterwarnings("ignore")
def test_the_record_counts_these_cases(cases):
    """As many as there are, all that apply passed, in both ways; every operator has a case."""
    values = record("onnx-cases")["values"]
    applicable = sum(not case.reason for case in cases)
    assert (values["cases"], values["applicable"]) == (len(cases), applicable)
    assert values["passed"] == applicable
    smooth = sum(case.differentiated() is not None for case in cases if not case.reason)
    assert values["differentiable"] == values["same in reverse mode"] == smooth
    used = {node.op_type for case in cases for node in case.model.graph.node}
    assert {*OPERATORS} == used


def model_of(operator, inputs=("x",), **attributes):
    """Make a model of one node."""
    values = [onnx.helper.make_tensor_value_info(name, 1, None) for name in (*inputs, "y")]
    node = onnx.helper.make_node(operator, list(inputs), ["y"], name="node", **attributes)
    return onnx.helper.make_model(onnx.helper.make_graph([node], "g", values[:-1], values[-1:]))


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (model_of("NonZero"), "node is NonZero, which is no operation of ours"),
        (model_of("Relu", strange=3), "node, Relu: .*unexpected keyword argument 'strange'"),
    ],
)
def test_what_we_do_not_have_is_refused_by_name(model, told):
    """The node, the operator, and the attribute."""
    with pytest.raises(UnsupportedError, match=told):
        run(model, [np.ones(2)])


def test_a_model_needs_all_its_inputs():
    """Their names and the number of arrays are told."""
    with pytest.raises(ValueError, match=r"inputs \['x', 'z'\], 1 arrays"):
        run(model_of("Add", ("x", "z")), [np.ones(2)])
