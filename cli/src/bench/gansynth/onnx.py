"""GANSynth's generator in ONNX Runtime, the named alternative of `descant bench gansynth`.

Usage: onnx.py FOLDER REPEATS THREADS. FOLDER holds network.json (sizes, where the tensors lie), tensors.bin (f32), input.bin
(the vector and the note's place) and image.bin (our answer). Prints one line of JSON: milliseconds on one thread and
on THREADS, the least of REPEATS, and the largest difference from our answer.
"""

import json
import sys
import time
from pathlib import Path

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

SLOPE, EPSILON = 0.2, 1e-8


def build(folder):
    """The graph of the reference: zero-padded first layer, nearest doubling, 3×3 convolutions, leaky, pixel norm."""
    network = json.loads((folder / "network.json").read_text())
    numbers = numpy.fromfile(folder / "tensors.bin", dtype="<f4")
    nodes, constants = [], []

    def tensor(name):
        at = network["tensors"][name]
        size = int(numpy.prod(at["shape"]))
        return numbers[at["offset"] : at["offset"] + size].reshape(at["shape"])

    def constant(name, value):
        constants.append(numpy_helper.from_array(numpy.ascontiguousarray(value), name))
        return name

    def node(kind, inputs, **attributes):
        output = f"x{len(nodes)}"
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def convolve(x, layer, gain, pads):
        kernel = tensor(f"{layer}/conv2d/kernel")
        scale = numpy.sqrt(gain / numpy.prod(kernel.shape[:3], dtype=numpy.float64))
        kernel = (kernel * scale).astype(numpy.float32).transpose(3, 2, 0, 1)
        weights = [constant(f"{layer}/kernel", kernel), constant(f"{layer}/bias", tensor(f"{layer}/bias"))]
        return node("Conv", [x, *weights], pads=pads)

    def activate(x):
        x = node("LeakyRelu", [x], alpha=SLOPE)
        mean = node("ReduceMean", [node("Mul", [x, x]), axis])
        return node("Div", [x, node("Sqrt", [node("Add", [mean, epsilon])])])

    axis = constant("axis", numpy.array([1], dtype=numpy.int64))
    epsilon = constant("epsilon", numpy.array(EPSILON, dtype=numpy.float32))
    doubled = constant("doubled", numpy.array([1, 1, 2, 2], dtype=numpy.float32))
    height, width = network["start"]
    x = "input"
    for scope in network["scopes"]:
        if x == "input":
            pads = [height - 1, width - 1, height - 1, width - 1]
            x = activate(convolve(x, f"{scope}conv0", 2.0, pads))
        else:
            x = node("Resize", [x, "", doubled], mode="nearest", coordinate_transformation_mode="asymmetric",
                     nearest_mode="floor")
            x = activate(convolve(x, f"{scope}conv0", 2.0, [1, 1, 1, 1]))
        x = activate(convolve(x, f"{scope}conv1", 2.0, [1, 1, 1, 1]))
    x = node("Tanh", [convolve(x, f"{scope}to_rgb", 1.0, [0, 0, 0, 0])])
    inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, network["inputs"], 1, 1])]
    outputs = [helper.make_tensor_value_info(x, TensorProto.FLOAT, ["batch", "colours", "frames", "bands"])]
    graph = helper.make_graph(nodes, "gansynth", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 9
    onnx.checker.check_model(model)
    return model.SerializeToString()


def least(model, threads, repeats, feed):
    """Milliseconds of a run, and what it gives."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    best, output = float("inf"), None
    for _ in range(repeats + 1):
        start = time.perf_counter()
        (output,) = session.run(None, feed)
        best = min(best, time.perf_counter() - start)
    return 1e3 * best, output


def main():
    folder, repeats, threads = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    model = build(folder)
    vector = numpy.fromfile(folder / "input.bin", dtype="<f4").reshape(1, -1, 1, 1)
    vector /= numpy.sqrt(numpy.mean(vector * vector) + EPSILON)
    one, output = least(model, 1, repeats, {"input": vector})
    many, _ = least(model, threads, repeats, {"input": vector})
    ours = numpy.fromfile(folder / "image.bin", dtype="<f4").reshape(output.shape[2], output.shape[3], -1)
    error = float(numpy.abs(output[0].transpose(1, 2, 0) - ours).max())
    print(json.dumps({"one": one, "many": many, "error": error, "version": onnxruntime.__version__}))


main()
