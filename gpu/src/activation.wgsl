// Leaky ReLU and pixel norm in place; then, if the block is seen, its colours times how much, added to the image: a
// pixel of the layer covers a square there. An invocation does a pixel; y counts images.

struct Layer {
    // Pixels of an image of this layer.
    area: u32,
    width: u32,
    // Of a pixel, in fours; and how many of them are real.
    fours: u32,
    channels: u32,
    // Rows and columns of the whole image for one of the layer.
    square: u32,
    // 0: not seen.
    alpha: f32,
}

@group(0) @binding(0) var<uniform> layer: Layer;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<f32>>;
// Magnitudes, frequencies: [colour][channel], then a bias of each.
@group(0) @binding(2) var<storage, read> colours: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> image: array<vec2<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let pixel = id.x;
    if pixel >= layer.area {
        return;
    }
    let first = (id.y * layer.area + pixel) * layer.fours;
    var squares = 0.0;
    for (var i = 0u; i < layer.fours; i++) {
        let value = y[first + i];
        let passed = select(0.2 * value, value, value > vec4<f32>());
        squares += dot(passed, passed);
    }
    let norm = 1.0 / sqrt(squares / f32(layer.channels) + 1e-8);
    var seen = vec2<f32>();
    for (var i = 0u; i < layer.fours; i++) {
        let value = y[first + i];
        let passed = norm * select(0.2 * value, value, value > vec4<f32>());
        y[first + i] = passed;
        seen += vec2<f32>(dot(passed, colours[i]), dot(passed, colours[layer.fours + i]));
    }
    if layer.alpha == 0.0 {
        return;
    }
    let bias = colours[2u * layer.fours].xy;
    // Far beyond what a float can tell from 1, and some drivers make infinities of more.
    let value = layer.alpha * tanh(clamp(seen + bias, vec2<f32>(-15.0), vec2<f32>(15.0)));
    let row = layer.square * (pixel / layer.width);
    let at = layer.square * (pixel % layer.width);
    let begin = id.y * layer.area * layer.square * layer.square;
    for (var dy = 0u; dy < layer.square; dy++) {
        for (var dx = 0u; dx < layer.square; dx++) {
            image[begin + (row + dy) * layer.square * layer.width + at + dx] += value;
        }
    }
}
