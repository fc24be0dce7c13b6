// The gradients of the weights, once the scan backwards has those of all pre-activations: products with what the
// weights were multiplied by, see `core/weight_gradients.h`.
#pragma once

#include <vector>

#include "core/weight_gradients.h"
#include "scan/traversal.h"

namespace foretell {

template <class F, class Cell>
class WeightProducts : protected Traversal<F, Cell> {
  protected:
    using Base = Traversal<F, Cell>;
    using T = SumOf<F>;
    using Base::layout, Base::projected, Base::sequences, Base::shape, Base::state, Base::values;

    const ScanGradients& given;
    const int64_t output_width_;

    // Of every time step of every sequence what the gradients of the weights are made of.
    struct Kept {
        const Scratch scratch;
        // The gradients of the pre-activations, in blocks; under a norm of the recurrent product those of the product.
        T* const gradients;
        const Buffer<T> seen, let_through;
        const Buffer<T> grad_projected, unprojected;  // of a projection: its results' gradients, and what it projected

        Kept(const WeightProducts& w, int64_t rows)
            : scratch(Scratch::gradients, rows * w.layout.gradient_row() * int64_t(sizeof(T))),
              gradients(static_cast<T*>(scratch.data())), seen(w.state.recurrent_mask ? rows * w.shape.outputs : 0),
              let_through(Cell::reset_before ? rows * w.shape.hidden : 0),
              grad_projected(w.projected() ? rows * w.output_width_ : 0),
              unprojected(w.projected() ? rows * w.layout.padded : 0) {}
    };
    const Kept kept_;

    WeightProducts(const Scan& scan, const Sequences& in_order, const PackedLayer<F, Cell>& layer, Interruption& asked)
        : Base(scan, in_order, layer, asked), given(scan.gradients), output_width_(round_up(shape.outputs, lanes<T>)),
          kept_(*this, sequences.total()) {}

    // Of the time step before, in the direction of the scan.
    bool is_first(int64_t time, int64_t position) const {
        return shape.reverse ? time + 1 == sequences.length(position) : time == 0;
    }
    int64_t before(int64_t time) const { return shape.reverse ? time + 1 : time - 1; }
    const T* h_before(int64_t time, int64_t position) const {
        if (is_first(time, position)) return this->initial_h(position);
        return values(state.output) + this->offset(before(time), position, shape.outputs);
    }

    void write_weight_gradients(const Scan& scan) const {
        const ScanWeightGradients& to = given.weights;
        if (!to.weight_ih && !to.weight_hh && !to.weight_hr && !to.bias_ih && !to.bias_hh) return;
        const int64_t threads = scan_threads(scan, Cell::input_blocks, sequences.total());
        const Rows rows(*this);
        int64_t factors = 0;
        for (int64_t slice = 0; slice < rows.slices; ++slice)
            for (const int64_t width : {shape.inputs, shape.outputs, rows.others ? shape.hidden : 0})
                factors += FactorColumns<F>::size(rows.count(slice), width, this->rounds);
        const Scratch memory(Scratch::features, factors * int64_t(sizeof(F)));
        F* next = static_cast<F*>(memory.data());
        std::vector<FactorColumns<F>> columns;
        std::vector<WeightGradient<F>> wanted;
        for (int64_t slice = 0; slice < rows.slices; ++slice) {
            const auto add = [&](const T* const* from, int64_t width) {
                const int64_t count = from ? rows.count(slice) : 0;
                columns.emplace_back(from ? from + rows.begin[slice] : nullptr, count, width, this->rounds, next,
                                     threads);
                next += FactorColumns<F>::size(count, width, this->rounds);
                return static_cast<const F* const*>(columns.back());
            };
            const F* const* inputs = add(rows.inputs, shape.inputs);
            const F* const* hidden = add(rows.hidden, shape.outputs);
            const F* const* others = add(rows.others, shape.hidden);
            add_gradients(wanted, rows, slice, inputs, hidden, others);
        }
        weight_gradients(wanted, threads, &this->interruption);
    }

  private:
    // What the rows of a weight's product were, x, h(t-1), and what was let through of it or projected; and their
    // gradients. Those of a slice stand together.
    struct Rows {
        int64_t slices;
        Buffer<int64_t> begin;  // of each slice, and the end of the last
        Buffer<const T*> inputs, hidden, others, gradients, grad_projected;

        explicit Rows(const WeightProducts& w)
            : slices(w.shape.slices > 1 ? w.shape.slices : 1), begin(slices + 1, 0), inputs(w.sequences.total()),
              hidden(w.sequences.total()),
              others(Cell::reset_before || w.projected() ? w.sequences.total() : 0), gradients(w.sequences.total()),
              grad_projected(w.projected() ? w.sequences.total() : 0) {
            const auto& sequences = w.sequences;
            const int64_t batch = w.shape.batch / slices;
            const auto slice_of = [&](int64_t position) {
                return slices == 1 ? 0 : sequences.row(position) / batch;
            };
            for (int64_t position = 0; position < w.shape.batch; ++position)
                begin[slice_of(position) + 1] += sequences.length(position);
            for (int64_t slice = 0; slice < slices; ++slice) begin[slice + 1] += begin[slice];
            Buffer<int64_t> end(slices);
            for (int64_t slice = 0; slice < slices; ++slice) end[slice] = begin[slice];
            for (int64_t time = 0; time < w.shape.steps; ++time)
                for (int64_t position = 0; position < sequences.running(time); ++position)
                    set(w, time, position, end[slice_of(position)]++);
        }
        int64_t count(int64_t slice) const { return begin[slice + 1] - begin[slice]; }

      private:
        void set(const WeightProducts& w, int64_t time, int64_t position, int64_t at) const {
            const int64_t packed = w.sequences.packed(time, position);
            inputs[at] = values(w.state.x) + w.sequences.offset(time, position, w.state.x_step, w.state.x_row);
            hidden[at] = w.state.recurrent_mask ? w.kept_.seen + packed * w.shape.outputs : w.h_before(time, position);
            if (Cell::reset_before) others[at] = w.kept_.let_through + packed * w.shape.hidden;
            if (w.projected()) others[at] = w.kept_.unprojected + packed * w.layout.padded;
            if (w.projected()) grad_projected[at] = w.kept_.grad_projected + packed * w.output_width_;
            gradients[at] = w.kept_.gradients + packed * w.layout.gradient_row();
        }
    };

    // Those of a slice's weights and biases, of which the norms have given some already.
    void add_gradients(std::vector<WeightGradient<F>>& wanted, const Rows& rows, int64_t slice, const F* const* inputs,
                       const F* const* hidden, const F* const* others) const {
        constexpr int L = lanes<T>;
        const ScanWeightGradients& to = given.weights;
        const int64_t apart = Cell::blocks * L, units = Cell::input_blocks * shape.hidden;
        const bool own = layout.norm_of_input;  // its product has gradients of its own, and a bias comes after the norm
        const auto matrix = [&](void* weight, int64_t size) {
            const int64_t bytes = shape.half ? int64_t(sizeof(BFloat16)) : int64_t(sizeof(T));
            return static_cast<void*>(weight ? static_cast<char*>(weight) + slice * size * bytes : nullptr);
        };
        const auto bias = [&](void* vector) {
            return vector && !own ? values(vector) + slice * units : nullptr;
        };
        const auto add = [&](const F* const* features, int64_t count, const Buffer<const T*>& gradients, int64_t first,
                             int64_t every, const int* gates, int blocks, int64_t units_each, void* weight, T* vector) {
            if (!weight && !vector) return;
            wanted.push_back({features, count, rows.count(slice), nullptr, 0, first, every, gates, blocks, units_each,
                              weight, vector, gradients + rows.begin[slice], this->rounds, bool(shape.half)});
        };
        void* const weight_hh = matrix(to.weight_hh, units * shape.outputs);
        add(inputs, shape.inputs, rows.gradients, own ? layout.blocks() : 0, own ? Cell::input_blocks * L : apart,
            Cell::input_gate, Cell::input_blocks, shape.hidden, matrix(to.weight_ih, units * shape.inputs),
            bias(to.bias_ih));
        add(hidden, shape.outputs, rows.gradients, Cell::hidden_first * L, apart, Cell::hidden_gate,
            Cell::hidden_blocks, shape.hidden, weight_hh, bias(to.bias_hh));
        if constexpr (Cell::reset_before)
            add(others, shape.hidden, rows.gradients, 0, apart, Cell::reset_gate, 1, shape.hidden, weight_hh,
                bias(to.bias_hh));
        if (projected())
            add(others, shape.hidden, rows.grad_projected, 0, L, whole, 1, shape.outputs,
                matrix(to.weight_hr, shape.outputs * shape.hidden), nullptr);
    }
};

}  // namespace foretell
