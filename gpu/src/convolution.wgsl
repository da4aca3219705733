// A convolution as a product of matrices: rows are pixels of the small image, columns are outputs, terms are taps and
// inputs. A group does 64 pixels × 32 outputs; an invocation four by four of them.
// z counts images and the places in a square of the large image (one if the image is not doubled).

struct Layer {
    // Of the image that is read.
    height: u32,
    width: u32,
    // Of a pixel, in fours; filled up with zeros.
    inputs: u32,
    outputs: u32,
    // Rows and columns that are written for one that is read.
    scale: u32,
    taps: u32,
}

@group(0) @binding(0) var<uniform> layer: Layer;
// [place][tap]: rows and columns away.
@group(0) @binding(1) var<storage, read> reach: array<vec2<i32>>;
// [place][tap][input][output]
@group(0) @binding(2) var<storage, read> weights: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> bias: array<vec4<f32>>;
// [image][pixel][channel]
@group(0) @binding(4) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4<f32>>;

const PIXELS = 64u;
// Outputs and terms, in fours.
const OUTPUTS = 8u;
const TERMS = 4u;
const WORKERS = 128u;

var<workgroup> pixels: array<vec4<f32>, 256>;
var<workgroup> kernel: array<vec4<f32>, 128>;

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) me: u32) {
    let places = layer.scale * layer.scale;
    let place = group.z % places;
    let image = group.z / places;
    let area = layer.height * layer.width;
    let first = group.x * PIXELS;
    let column = group.y * OUTPUTS + me % OUTPUTS;
    let mine = (me / OUTPUTS) * 4u;

    var sums: array<vec4<f32>, 4>;
    let start = select(vec4<f32>(), bias[min(column, layer.outputs - 1u)], column < layer.outputs);
    for (var p = 0u; p < 4u; p++) {
        sums[p] = start;
    }
    for (var tap = 0u; tap < layer.taps; tap++) {
        let away = reach[place * layer.taps + tap];
        let rows = ((place * layer.taps + tap) * layer.inputs) * 4u * layer.outputs;
        for (var term = 0u; term < layer.inputs; term += TERMS) {
            for (var i = me; i < PIXELS * TERMS; i += WORKERS) {
                let pixel = first + i / TERMS;
                let row = i32(pixel / layer.width) + away.x;
                let at = i32(pixel % layer.width) + away.y;
                let inside = pixel < area && row >= 0 && row < i32(layer.height) && at >= 0 && at < i32(layer.width);
                var value = vec4<f32>();
                if inside {
                    value = x[(image * area + u32(row) * layer.width + u32(at)) * layer.inputs + term + i % TERMS];
                }
                pixels[i] = value;
            }
            for (var i = me; i < 4u * TERMS * OUTPUTS; i += WORKERS) {
                let output = group.y * OUTPUTS + i % OUTPUTS;
                var value = vec4<f32>();
                if output < layer.outputs {
                    value = weights[rows + (4u * term + i / OUTPUTS) * layer.outputs + output];
                }
                kernel[i] = value;
            }
            workgroupBarrier();
            for (var k = 0u; k < TERMS; k++) {
                let w0 = kernel[(4u * k) * OUTPUTS + me % OUTPUTS];
                let w1 = kernel[(4u * k + 1u) * OUTPUTS + me % OUTPUTS];
                let w2 = kernel[(4u * k + 2u) * OUTPUTS + me % OUTPUTS];
                let w3 = kernel[(4u * k + 3u) * OUTPUTS + me % OUTPUTS];
                for (var p = 0u; p < 4u; p++) {
                    let a = pixels[(mine + p) * TERMS + k];
                    sums[p] = fma(vec4<f32>(a.x), w0, sums[p]);
                    sums[p] = fma(vec4<f32>(a.y), w1, sums[p]);
                    sums[p] = fma(vec4<f32>(a.z), w2, sums[p]);
                    sums[p] = fma(vec4<f32>(a.w), w3, sums[p]);
                }
            }
            workgroupBarrier();
        }
    }
    if column >= layer.outputs {
        return;
    }
    for (var p = 0u; p < 4u; p++) {
        let pixel = first + mine + p;
        if pixel < area {
            let row = layer.scale * (pixel / layer.width) + place / layer.scale;
            let at = layer.scale * (pixel % layer.width) + place % layer.scale;
            let large = image * area * places + row * layer.scale * layer.width + at;
            y[large * layer.outputs + column] = sums[p];
        }
    }
}
