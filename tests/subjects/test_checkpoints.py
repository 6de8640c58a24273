"""PyTorch's checkpoints are read without PyTorch, and nothing that they ask for is run."""

import collections
import io
import pickle
import struct
import sys
import types

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import BadModelFile
from toolkit.subjects import checkpoints

MAGIC, VERSION = 0x1950A86A20F9469CFC6C, 1001


def _rebuild_tensor_v2(*told):
    raise AssertionError("never run here")


class Tensor:
    """Pickles as PyTorch's tensors do."""

    def __init__(self, values, key, shape=None, stride=None, offset=0):
        self.values, self.key = values, key
        self.shape = values.shape if shape is None else shape
        self.stride = (
            tuple(s // values.itemsize for s in values.strides) if stride is None else stride
        )
        self.offset = offset

    def __reduce__(self):
        told = (self.offset, tuple(self.shape), self.stride, False, collections.OrderedDict())
        return sys.modules["torch._utils"]._rebuild_tensor_v2, (Storage(self), *told)


class Storage:
    def __init__(self, tensor):
        self.tensor = tensor


def written(told, tensors, monkeypatch, *, magic=MAGIC) -> bytes:
    """A file as PyTorch before 1.6 wrote it."""
    torch, own = types.ModuleType("torch"), types.ModuleType("torch._utils")
    kinds = {np.dtype("f4"): "FloatStorage", np.dtype("i8"): "LongStorage"}
    for name in kinds.values():
        setattr(torch, name, type(name, (), {"__module__": "torch", "__qualname__": name}))
    made = types.FunctionType(_rebuild_tensor_v2.__code__, {}, "_rebuild_tensor_v2")
    made.__module__, made.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    own._rebuild_tensor_v2 = made
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", own)

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            if not isinstance(value, Storage):
                return None
            values = value.tensor.values
            kind = getattr(torch, kinds[values.dtype])
            return ("storage", kind, value.tensor.key, "cpu", values.size, None)

    stream = io.BytesIO()
    for value in (magic, VERSION, {"little_endian": True}, told, [t.key for t in tensors]):
        Pickler(stream, protocol=2).dump(value)
    for tensor in tensors:
        stream.write(struct.pack("<q", tensor.values.size))
        stream.write(np.ascontiguousarray(tensor.values).tobytes())
    return stream.getvalue()


def test_weights_are_read_as_they_were_written(monkeypatch) -> None:
    one = Tensor(np.arange(24, dtype="f4").reshape(2, 3, 4), "a")
    other = Tensor(np.array([7], dtype="i8"), "b")
    content = written({"net": {"w": one, "n": other}, "epoch": 3}, [one, other], monkeypatch)
    found = checkpoints.read(content, "x.pth")
    assert list(found) == ["net.w", "net.n"]
    np.testing.assert_array_equal(found["net.w"], one.values)
    assert found["net.n"].tolist() == [7]


def test_numbers_in_another_order_are_put_right(monkeypatch) -> None:
    values = np.arange(12, dtype="f4")
    turned = Tensor(values, "a", shape=(4, 3), stride=(1, 4))
    content = written({"w": turned}, [turned], monkeypatch)
    np.testing.assert_array_equal(checkpoints.read(content, "")["w"], values.reshape(3, 4).T)


@pytest.mark.parametrize(
    ("shape", "stride", "offset"),
    [((13,), (1,), 0), ((4, 4), (4, 1), 0), ((2,), (1,), 11), ((3,), (-1,), 2), ((2,), (1,), -1)],
)
def test_a_tensor_beyond_its_numbers_is_refused(shape, stride, offset, monkeypatch) -> None:
    beyond = Tensor(np.arange(12, dtype="f4"), "a", shape, stride, offset)
    content = written({"w": beyond}, [beyond], monkeypatch)
    with pytest.raises(BadModelFile, match=r"x\.pth cannot be read as weights"):
        checkpoints.read(content, "x.pth")


class Evil:
    def __reduce__(self):
        return print, ("run",)


def test_what_it_asks_to_be_run_is_not_run(monkeypatch, capsys) -> None:
    content = written({"w": Evil()}, [], monkeypatch)
    with pytest.raises(BadModelFile, match="UnpicklingError"):
        checkpoints.read(content, "x.pth")
    assert capsys.readouterr().out == ""


def test_another_form_is_refused(monkeypatch) -> None:
    with pytest.raises(BadModelFile, match="another form"):
        checkpoints.read(written({}, [], monkeypatch, magic=1), "x.pth")


@given(st.integers(0, 10**6), st.integers(0, 255))
def test_a_damaged_file_is_refused_or_has_the_same_form(place, byte) -> None:
    with pytest.MonkeyPatch.context() as patched:
        one = Tensor(np.arange(6, dtype="f4").reshape(2, 3), "a")
        content = bytearray(written({"w": one}, [one], patched))
    content[place % len(content)] = byte
    try:
        found = checkpoints.read(bytes(content), "x.pth")
    except BadModelFile:
        return
    assert all(isinstance(value, np.ndarray) for value in found.values())


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(content) -> None:
    with pytest.raises(BadModelFile):
        checkpoints.read(content, "x.pth")
