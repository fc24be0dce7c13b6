// Random cases of every compiled function, for `make sanitize`: built together
// with the kernels, without Python or torch, so that the sanitizers see every
// access and every thread. Outputs of several steps on several threads must be
// those of one, to the bit.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <type_traits>
#include <vector>

#include "core/boundary.h"

using namespace foretell;

extern "C" {
int foretell_forward_float(const Scan*);
int foretell_forward_double(const Scan*);
int foretell_backward_float(const Scan*);
int foretell_backward_double(const Scan*);
int foretell_forward_half(const Scan*);
int foretell_backward_half(const Scan*);
int foretell_sizes_float(const Scan*, int64_t*, int64_t*);
int foretell_sizes_double(const Scan*, int64_t*, int64_t*);
void* foretell_keep_float(const Scan*);
void* foretell_keep_double(const Scan*);
void* foretell_keep_half(const Scan*);
int foretell_forward_kept(const void*, const Scan*);
void foretell_forget(void*);
void foretell_assume(const double*);
#if defined(__AVX512BF16__)
int64_t foretell_tiles(int64_t);
#endif
void* foretell_wavenet_create(const WaveNetNetwork*);
void foretell_wavenet_destroy(void*);
int foretell_wavenet_run(void*, const WaveNetCall*);
}

namespace {

std::mt19937 engine;

int64_t from(int64_t least, int64_t most) { return std::uniform_int_distribution<int64_t>(least, most)(engine); }
bool coin() { return from(0, 1); }
void expect(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "%s\n", what);
    std::exit(1);
}

// Arrays of exactly the size that is asked for, so that a step beyond either
// end is one into forbidden memory.
template <class T>
struct Arrays {
    std::vector<std::unique_ptr<T[]>> all;
    std::vector<int64_t> sizes;

    T* filled(int64_t count, double scale = 0.3, double mean = 0) {
        T* to = empty(count);
        std::normal_distribution<double> normal(mean, scale);
        for (int64_t i = 0; i < count; ++i) to[i] = T(normal(engine));
        return to;
    }
    T* empty(int64_t count) {
        all.emplace_back(new T[size_t(count)]());
        sizes.push_back(count);
        return all.back().get();
    }
    // Whether the first arrays of both hold the same.
    bool begins_like(const Arrays& other, size_t count) const {
        for (size_t i = 0; i < count; ++i)
            if (std::memcmp(all[i].get(), other.all[i].get(), size_t(sizes[i]) * sizeof(T))) return false;
        return true;
    }
};

struct Single {
    using Values = float;
    static constexpr auto forward = foretell_forward_float, backward = foretell_backward_float;
    static constexpr auto sizes = foretell_sizes_float;
    static constexpr auto keep = foretell_keep_float;
};
struct Double {
    using Values = double;
    static constexpr auto forward = foretell_forward_double, backward = foretell_backward_double;
    static constexpr auto sizes = foretell_sizes_double;
    static constexpr auto keep = foretell_keep_double;
};
struct HalfProducts : Single {
    static constexpr auto forward = foretell_forward_half, backward = foretell_backward_half;
    static constexpr auto keep = foretell_keep_half;
};

constexpr int64_t gates_of[] = {1, 1, 4, 3, 3};

// Cell, sizes, options and layout by chance; `layout` holds what the structure
// points to.
Scan random_scan(std::vector<int64_t>& layout) {
    Scan scan{};
    ScanShape& shape = scan.shape;
    shape.cell = from(0, 4);
    shape.layer_norm = CellKind(shape.cell) != CellKind::gru_reset_before && coin();
    shape.reverse = coin();
    const bool large = from(0, 9) == 0;  // enough work for several threads
    shape.steps = from(1, 6);
    shape.batch = large ? coin() ? from(1, 2) : from(8, 20) : from(1, 7);  // fewer than threads, or enough for all
    shape.inputs = from(1, 20);
    shape.hidden = large ? from(70, 120) : from(1, 40);
    shape.outputs = CellKind(shape.cell) == CellKind::lstm && coin() ? from(1, shape.hidden) : shape.hidden;
    const int64_t kind = from(0, 2);
    if (kind == 1) {
        for (int64_t b = 0; b < shape.batch; ++b) layout.push_back(from(0, shape.steps));
        shape.lengths = layout.data();
    } else if (kind == 2) {
        for (int64_t t = 0; t < shape.steps; ++t) layout.push_back(t ? from(1, layout.back()) : shape.batch);
        shape.batch_sizes = layout.data();
    }
    return scan;
}

template <class T>
void point_to_weights(Scan& scan, Arrays<T>& given) {
    const ScanShape& shape = scan.shape;
    ScanWeights& w = scan.weights;
    const bool lstm = CellKind(shape.cell) == CellKind::lstm, rnn = gates_of[shape.cell] == 1;
    const int64_t hidden = shape.hidden, rows = gates_of[shape.cell] * hidden;
    w.weight_ih = given.filled(rows * shape.inputs);
    w.weight_hh = given.filled(rows * shape.outputs);
    if (coin()) w.bias_ih = given.filled(rows), w.bias_hh = given.filled(rows);
    if (shape.outputs < hidden) w.weight_hr = given.filled(shape.outputs * hidden);
    if (lstm && coin()) w.weight_peephole = given.filled(3 * hidden);
    if (!shape.layer_norm) return;
    if (rnn) {
        w.ln_weight = given.filled(hidden, 0.1, 1), w.ln_bias = given.filled(hidden);
    } else {
        w.ln_ih_weight = given.filled(rows, 0.1, 1), w.ln_hh_weight = given.filled(rows, 0.1, 1);
        if (lstm) w.ln_c_weight = given.filled(hidden, 0.1, 1), w.ln_c_bias = given.filled(hidden);
    }
}

// Whether the batch is of slices, one for each sequence, with weight gradients
// of their own.
void choose_slices(Scan& scan) {
    const bool sums = scan.shape.layer_norm || scan.weights.weight_peephole;
    if (!sums && !scan.shape.batch_sizes && coin()) scan.shape.slices = scan.shape.batch;
}

int64_t row_count(const ScanShape& shape) {
    if (!shape.batch_sizes) return shape.steps * shape.batch;
    int64_t rows = 0;
    for (int64_t t = 0; t < shape.steps; ++t) rows += shape.batch_sizes[t];
    return rows;
}

template <class T>
void point_to_state(Scan& scan, Arrays<T>& given) {
    const ScanShape& shape = scan.shape;
    ScanState& state = scan.state;
    const int64_t rows = row_count(shape), batch = shape.batch;
    const bool lstm = CellKind(shape.cell) == CellKind::lstm;
    state.x = given.filled(rows * shape.inputs);
    state.x_row = shape.inputs;
    state.x_step = batch * shape.inputs;
    if (coin()) state.initial_h = given.filled(batch * shape.outputs);
    if (lstm) state.initial_c = given.filled(batch * shape.hidden);
    if (coin()) state.recurrent_mask = given.filled(batch * shape.outputs);
    if (coin()) state.rate_h = 0.25, state.rate_c = lstm ? 0.5 : 0;
    if (coin()) state.keep_h = given.filled(rows * shape.outputs), state.keep_c = given.filled(rows * shape.hidden);
    scan.gradients.output = given.filled(rows * shape.outputs);
    scan.gradients.output_row = shape.outputs;
    scan.gradients.output_step = batch * shape.outputs;
    if (coin()) scan.gradients.final_h = given.filled(batch * shape.outputs);
    if (lstm && coin()) scan.gradients.final_c = given.filled(batch * shape.hidden);
}

// Room for what a scan leaves.
template <class Precision>
void point_to_results(Scan& scan, Arrays<typename Precision::Values>& found) {
    const ScanShape& shape = scan.shape;
    ScanState& state = scan.state;
    ScanGradients& g = scan.gradients;
    int64_t gates, cells;
    expect(Precision::sizes(&scan, &gates, &cells) == 0, "sizes");
    const int64_t rows = row_count(shape), hidden = shape.hidden, all = gates_of[shape.cell] * hidden;
    state.output = found.empty(rows * shape.outputs);
    state.final_h = found.empty(shape.batch * shape.outputs);
    state.final_c = found.empty(shape.batch * hidden);
    state.gates = found.empty(rows * gates);
    state.cells = found.empty(rows * cells);
    g.x = found.empty(rows * shape.inputs);
    g.initial_h = found.empty(shape.batch * shape.outputs);
    g.initial_c = found.empty(shape.batch * hidden);
    const ScanWeights& w = scan.weights;
    const int64_t slices = shape.slices > 1 ? shape.slices : 1;
    const auto room = [&](const void* weight, int64_t count) {
        return weight ? found.empty(slices * count) : nullptr;
    };
    g.weights = {found.empty(slices * all * shape.inputs),
                 found.empty(slices * all * shape.outputs),
                 room(w.bias_ih, all),
                 room(w.bias_hh, all),
                 room(w.weight_hr, shape.outputs * hidden),
                 room(w.weight_peephole, 3 * hidden),
                 room(w.ln_ih_weight, all),
                 room(w.ln_hh_weight, all),
                 room(w.ln_weight, hidden),
                 room(w.ln_bias, hidden),
                 room(w.ln_c_weight, hidden),
                 room(w.ln_c_bias, hidden)};
}

// The matrices as bfloat16, and room for their gradients.
void store_as_half(Scan& scan, Arrays<uint16_t>& given) {
    const ScanShape& shape = scan.shape;
    const int64_t rows = gates_of[shape.cell] * shape.hidden;
    const auto stored = [&](const void*& matrix, int64_t count) {
        if (!matrix) return;
        uint16_t* to = given.empty(count);
        for (int64_t i = 0; i < count; ++i) to[i] = uint16_t(0x3c00 + from(0, 0x1ff));  // 0.0078 to 0.12
        matrix = to;
    };
    stored(scan.weights.weight_ih, rows * shape.inputs);
    stored(scan.weights.weight_hh, rows * shape.outputs);
    stored(scan.weights.weight_hr, shape.outputs * shape.hidden);
    scan.shape.half = 1;
}
void point_to_half_gradients(Scan& scan, Arrays<uint16_t>& found) {
    const ScanShape& shape = scan.shape;
    const int64_t rows = gates_of[shape.cell] * shape.hidden;
    const int64_t slices = shape.slices > 1 ? shape.slices : 1;
    scan.gradients.weights.weight_ih = found.empty(slices * rows * shape.inputs);
    scan.gradients.weights.weight_hh = found.empty(slices * rows * shape.outputs);
    if (scan.weights.weight_hr) scan.gradients.weights.weight_hr = found.empty(slices * shape.outputs * shape.hidden);
}

template <class Precision>
void scan_case() {
    std::vector<int64_t> layout;
    Scan scan = random_scan(layout);
    Arrays<typename Precision::Values> given, alone, together, beside;
    Arrays<uint16_t> halves, half_gradients;
    point_to_weights(scan, given);
    choose_slices(scan);
    if (std::is_same_v<Precision, HalfProducts> && coin()) store_as_half(scan, halves);
    point_to_state(scan, given);
    for (auto* found : {&alone, &together}) {
        scan.threads = found == &alone ? 1 : 3;
        point_to_results<Precision>(scan, *found);
        if (scan.shape.half) point_to_half_gradients(scan, half_gradients);
        expect(Precision::forward(&scan) == 0, "forward");
        expect(Precision::backward(&scan) == 0, "backward");
    }
    // A single step reads weights as they lie, by so many rows at once as a
    // thread has: its last bit may differ.
    expect(scan.shape.steps == 1 || alone.begins_like(together, 3), "several threads have other outputs than one");
    Scan both[] = {scan, scan};
    point_to_results<Precision>(both[1], beside);
    if (scan.shape.half) point_to_half_gradients(both[1], half_gradients);
    both[0].following = 1;
    both[0].threads = from(1, 3);
    expect(Precision::forward(both) == 0 && Precision::backward(both) == 0, "side by side");
    expect(scan.shape.steps == 1 || alone.begins_like(beside, 3), "a scan beside another has other outputs than alone");
    void* kept = Precision::keep(&scan);
    expect(foretell_forward_kept(kept, &scan) == 0, "kept");
    foretell_forget(kept);
}

void generation_case() {
    const int64_t layers = from(1, 5), residual = from(1, 20), skip = from(1, 20), kernel = from(1, 3);
    const int64_t levels = from(2, 20), batch = from(1, 3), steps = from(1, 30);
    Arrays<float> given;
    std::vector<int64_t> dilations;
    std::vector<const float*> gated, gated_bias, mixed, mixed_bias;
    for (int64_t k = 0; k < layers; ++k) {
        const int64_t rows = skip + (k + 1 < layers ? residual : 0);
        dilations.push_back(int64_t(1) << k);
        gated.push_back(given.filled(2 * residual * residual * kernel));
        gated_bias.push_back(given.filled(2 * residual));
        mixed.push_back(given.filled(rows * residual));
        mixed_bias.push_back(given.filled(rows));
    }
    WaveNetNetwork network{};
    network.inputs = network.outputs = levels;
    network.residual = residual, network.skip = skip, network.layers = layers, network.kernel = kernel;
    network.batch = batch, network.dilations = dilations.data();
    network.input = given.filled(residual * levels), network.input_bias = given.filled(residual);
    network.gated = gated.data(), network.gated_bias = gated_bias.data();
    network.mixed = mixed.data(), network.mixed_bias = mixed_bias.data();
    network.hidden = given.filled(skip * skip), network.hidden_bias = given.filled(skip);
    network.output = given.filled(levels * skip), network.output_bias = given.filled(levels);
    std::vector<float> uniforms(size_t(steps * batch * 2));
    for (float& u : uniforms) u = std::uniform_real_distribution<float>(0, 1)(engine);
    const std::vector<int64_t> before(size_t(batch), 0);
    const int64_t top_k = coin() ? 2 : 0;
    for (const auto weights : {WeightKind::float32, WeightKind::bfloat16, WeightKind::int8}) {
        network.weights = int64_t(weights);
        std::vector<int64_t> alone(size_t(steps * batch)), together(alone.size());
        for (auto* drawn : {&alone, &together}) {
            network.threads = drawn == &alone ? 1 : 2;
            const WaveNetCall call{steps, network.threads, uniforms.data(), nullptr,       1.0,    top_k,
                                   0.9,   before.data(),   nullptr,         drawn->data(), nullptr};
            void* generator = foretell_wavenet_create(&network);
            expect(generator && foretell_wavenet_run(generator, &call) == 0, "generation");
            foretell_wavenet_destroy(generator);
        }
        expect(alone == together, "two threads draw other values than one");
    }
}

}  // namespace

int main(int count, char** arguments) {
    const int cases = count > 1 ? std::atoi(arguments[1]) : 300;
    const double pace[] = {1e9, 3, 0, 0};  // as if all threads paid
    foretell_assume(pace);
    for (int seed = 0; seed < cases; ++seed) {
        engine.seed(unsigned(seed));
        scan_case<Single>();
        scan_case<Double>();
        scan_case<HalfProducts>();
#if defined(__AVX512BF16__)
        expect(foretell_tiles(2) == 0, "emulated tiles");
        scan_case<HalfProducts>();
        foretell_tiles(0);
#endif
        generation_case();
    }
    std::printf("%d random cases\n", cases);
}
