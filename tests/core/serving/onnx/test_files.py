"""ONNX files that tell nothing of where they were made."""

from __future__ import annotations

import ast
from pathlib import Path

import onnx
import pytest
import torch
from onnx import TensorProto, helper

from core.networks.architectures import MODELS
from core.serving.onnx import export_onnx, set_temperature
from core.serving.onnx.export import traced
from core.serving.onnx.files import cleaned, remove_notes, save_model
from tests.encoders import make_model

ROOT = Path(__file__).parents[4]
SECRET = "/home/wilhelmina/checkout/model.py, line 7"
# A network that never leaves the machine: whether a provider runs is asked with it, in a temporary folder.
PROBE = "core/serving/engines/providers.py"


def note(message: object) -> None:
    entry = message.metadata_props.add()  # type: ignore[attr-defined]
    entry.key, entry.value = "pkg.torch.onnx.stack_trace", SECRET


def talkative() -> onnx.ModelProto:
    """A model with notes wherever the format has room for them, also in a branch and in a function."""
    inner = helper.make_node("Exp", ["x"], ["z"], doc_string=SECRET)
    answer = helper.make_tensor_value_info("z", TensorProto.FLOAT, [1], doc_string=SECRET)
    note(inner)
    branch = helper.make_graph([inner], "branch", [], [answer], doc_string=SECRET)
    note(branch)
    choice = helper.make_node("If", ["yes"], ["y"], then_branch=branch, else_branch=branch)
    choice.attribute[0].doc_string = SECRET
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1], doc_string=SECRET)]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])]
    truth = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    truth.doc_string = SECRET
    graph = helper.make_graph([choice], "main", inputs, outputs, [truth], doc_string=SECRET)
    for part in (graph, choice, inputs[0], truth, outputs[0]):
        note(part)
    graph.value_info.append(answer)
    function = helper.make_function(
        "own", "double", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])], [helper.make_opsetid("", 20)]
    )
    function.doc_string = SECRET
    note(function)
    model = helper.make_model(
        graph, functions=[function], opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid("own", 1)]
    )
    model.doc_string, model.producer_name, model.producer_version = SECRET, SECRET, SECRET
    note(model)
    note(model.graph)
    return model


def test_notes_are_removed_wherever_the_format_has_room_for_them() -> None:
    model = talkative()
    assert model.SerializeToString().count(SECRET.encode()) > 15
    assert remove_notes(model)
    assert SECRET.encode() not in model.SerializeToString()
    assert [node.op_type for node in model.graph.node] == ["If"]
    assert model.graph.initializer[0].int32_data == [1]
    assert not remove_notes(model)  # nothing is left to be removed


def test_a_file_with_notes_is_cleaned_on_its_way_out_and_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    onnx.save(talkative(), str(file))
    stored = file.read_bytes()
    content = cleaned(file)
    assert content is not None
    assert SECRET.encode() not in content
    assert file.read_bytes() == stored


def test_a_clean_file_goes_out_as_it_lies_there(tmp_path: Path) -> None:
    save_model(talkative(), tmp_path / "model.onnx")
    assert SECRET.encode() not in (tmp_path / "model.onnx").read_bytes()
    assert cleaned(tmp_path / "model.onnx") is None


@pytest.mark.parametrize("name", list(MODELS))
def test_an_exported_file_names_no_source_of_this_project(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)  # among a million random bytes ".py" may stand by chance
    file = tmp_path / "model.onnx"
    export_onnx(make_model(name, 60, 3).eval(), file)
    set_temperature(file, 2.0)
    content = file.read_bytes()
    for trace in (
        b"stack_trace",
        b".py",
        b"core.",
        b"site-packages",
        str(ROOT).encode(),
        str(Path.home()).encode() + b"/",
    ):
        assert trace not in content, trace


def test_what_the_exporter_says_needs_cleaning() -> None:
    """Should it ever stop to leave notes, the test above proves nothing any more."""
    assert str(ROOT).encode() in traced(make_model("encoder", 60, 3).eval()).SerializeToString()


def test_nothing_else_writes_a_network_to_a_file() -> None:
    writers = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "core").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("onnx.save", "onnx.save_model", "save")
        and "onnx" in path.read_text(encoding="utf-8")
    }  # fmt: skip
    assert writers == {"core/serving/onnx/files.py", PROBE}
