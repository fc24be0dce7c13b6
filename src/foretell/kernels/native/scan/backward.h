// The scan backwards: from the gradients of the outputs to those of the pre-activations of every step, of the input
// and of the initial state; then those of the weights, see `scan/weight_products.h`.
#pragma once

#include <vector>

#include "scan/vector_gradients.h"
#include "scan/weight_products.h"

namespace foretell {

template <class F, class Cell>
class Backward : WeightProducts<F, Cell> {
  public:
    Backward(const Scan& scan, const Sequences& in_order, const PackedLayer<F, Cell>& layer, Interruption& asked)
        : Base(scan, in_order, layer, asked), scan_(scan) {}

    void run() const {
        const int64_t rows = sequences.total(), threads = scan_threads(scan_, Cell::input_blocks, rows);
        // The gradients of vectors are sums over groups: these must not depend on what threads happen to bring.
        const bool sums_of_groups = layout.norm || vectors.peephole;
        const auto [groups, members] =
            sums_of_groups ? Division{group_count(shape, scan_.threads), 1}
                           : division(scan_, Cell::input_blocks, rows, weights.hidden.count(), this->divisible());
        std::vector<Sums> sums;
        for (int64_t i = 0; i < groups * members; ++i) sums.emplace_back(layout);
        const auto work = [&, groups = groups, members = members](int64_t g, const Member& member) {
            scan(Group::of(g, groups, sequences, shape.batch), member, sums[size_t(g * members + member.index)]);
        };
        if (members > 1) in_teams(groups, members, work);
        else parallel(groups, threads, [&](int64_t g) { work(g, Member{}); });
        Sums all(layout);
        for (auto& sum : sums) all.add(sum);
        all.write(given.weights, layout);
        this->write_weight_gradients(scan_);
    }

  private:
    using Base = WeightProducts<F, Cell>;
    using T = SumOf<F>;
    using Activations = ActivationsOf<F>;
    using Base::given, Base::is_first, Base::kept_, Base::layout, Base::output_width_, Base::projected,
        Base::rounds, Base::sequences, Base::shape, Base::state, Base::unit, Base::values, Base::vectors, Base::weights;
    using Matrix = typename PackedWeights<F, Cell>::Matrix;
    using Sums = VectorGradients<T, Cell>;
    using Split = typename Zoneout<T>::Split;

    const Scan& scan_;

    // What belongs to one row of a group at a time step.
    struct Row : Base::Step {
        const T *seen, *grad_output;
        T *grad_h, *grad_c;  // of this step on the way in, of the step before on the way out
        T* gradients;
        T* let_through;
        T *grad_projected, *unprojected, *grad_unprojected;
    };

    // What a thread works in on a group.
    struct Room {
        const Member member;
        const int64_t unit, end;  // its own vectors of units
        Buffer<Row> rows;
        Buffer<T> grad_h, grad_c, grad_unprojected, start_c, normed_cells;
        Buffer<Weighed<T>> weighed;
        FactorRows<F> projected;  // the left side of a step's product with the projection
        FactorRows<F> gradients;  // of a chunk's products
        Buffer<T*> grad_x;        // a chunk's
        int64_t first = 0;        // of the chunk's rows, which the step begins with
        bool last = false;        // whether no time step is to come

        // The left side of a step's products with the recurrent weights.
        void set_left(int64_t running, int64_t values) {
            for (int64_t j = 0; j < running; ++j) gradients.set(first + j, rows[j].gradients, values);
        }
        const F* const* left() const { return gradients + first; }

        Room(const Backward& b, const Member& of_team, int64_t count, int64_t chunk)
            : member(of_team), unit(b.first_unit(of_team.begin(b.weights.hidden.count()))),
              end(b.first_unit(of_team.end(b.weights.hidden.count()))), rows(count), grad_h(count * b.output_width_), grad_c(Cell::has_cell ? count * b.layout.padded : 0),
              grad_unprojected(b.projected() ? count * b.layout.padded : 0),
              start_c(Cell::has_cell ? count * b.layout.padded : 0),
              normed_cells(b.layout.norm && Cell::has_cell ? 3 * count * b.layout.padded : 0),
              weighed(b.layout.norm ? count : 0), projected(b.projected() ? count : 0, b.output_width_, b.rounds),
              gradients(chunk * count, b.layout.gradient_row(), b.rounds), grad_x(chunk * count) {}
    };

    // Of the panels of the recurrent weights, whose columns are features of h.
    int64_t first_unit(int64_t panel) const {
        if (!this->divisible()) return panel ? layout.units : 0;
        return std::min(panel * weights.hidden.width, layout.units);
    }

    void scan(Group group, const Member& member, Sums& sums) const {
        Room room(*this, member, group.count, chunk_steps(group.count, shape.steps));
        begin(group, room);
        this->in_chunks(group, Direction::backwards, [&](auto each_step) {
            int64_t count = 0;
            each_step([&](int64_t time, int64_t running) {
                room.first = count;
                room.last = time == (shape.reverse ? shape.steps - 1 : 0);
                for (int64_t j = 0; j < running; ++j, ++count) {
                    const int64_t position = group.position(j);
                    arrive(time, position, j, room);
                    room.grad_x[count] =
                        given.x ? values(given.x) + this->offset(time, position, shape.inputs) : nullptr;
                }
                step(group, running, room, sums);
            });
            sums.end_chunk();
            if (given.x) multiply_inputs(room, count);
        });
        end(group, room);
    }

    void begin(Group group, Room& room) const {
        const auto start = [&](const void* from, int64_t row, int64_t width, T* to) {
            to_blocks(from ? values(from) + row * width : nullptr, whole, 1, width, to, 1);
        };
        for (int64_t j = 0; j < group.count; ++j) {
            const int64_t row = sequences.row(group.position(j));
            start(given.final_h, row, shape.outputs, room.grad_h + j * output_width_);
            if constexpr (Cell::has_cell) {
                start(given.final_c, row, shape.hidden, room.grad_c + j * layout.padded);
                this->copy_initial_c(group.position(j), room.start_c + j * layout.padded);
            }
        }
    }

    // A row comes to a time step.
    void arrive(int64_t time, int64_t position, int64_t j, Room& room) const {
        const int64_t packed = sequences.packed(time, position), padded = layout.padded;
        Row& row = room.rows[j];
        this->set_step(row, time, position);
        row.h = this->h_before(time, position);
        if (Cell::has_cell)
            row.c = is_first(time, position) ? room.start_c + j * padded
                                             : values(state.cells) + sequences.packed(this->before(time), position) * padded;
        row.gates = values(state.gates) + packed * layout.row();
        row.seen = this->seen(row.h, position, kept_.seen + packed * shape.outputs);
        row.grad_output =
            given.output ? values(given.output) + sequences.offset(time, position, given.output_step, given.output_row)
                         : nullptr;
        row.grad_h = room.grad_h + j * output_width_;
        row.grad_c = room.grad_c + j * padded;
        row.gradients = kept_.gradients + packed * layout.gradient_row();
        row.let_through = kept_.let_through + packed * shape.hidden;
        row.grad_projected = kept_.grad_projected + packed * output_width_;
        row.unprojected = kept_.unprojected + packed * padded;
        row.grad_unprojected = room.grad_unprojected + j * padded;
    }

    void end(Group group, const Room& room) const {
        for (int64_t j = 0; j < group.count; ++j) {
            const int64_t row = sequences.row(group.position(j));
            if (given.initial_h)
                this->copy_own(room.grad_h + j * output_width_, values(given.initial_h) + row * shape.outputs,
                               shape.outputs, room);
            if (Cell::has_cell && given.initial_c)
                this->copy_own(room.grad_c + j * layout.padded, values(given.initial_c) + row * shape.hidden,
                               shape.hidden, room);
        }
    }

    void step(Group group, int64_t running, Room& room, Sums& sums) const {
        const Row* rows = room.rows;
        if (projected()) through_projection(room, running);
        if (layout.norm) {
            a_few_at_a_time(running, [&](int64_t first, int64_t few) {
                if constexpr (Cell::has_cell) step_normed(rows + first, few, sums, room);
                else
                    for (int64_t j = 0; j < few; ++j) step_plain(rows[first + j], sums, 0, layout.units);
                clear_padding(rows + first, few);
                through_norms(rows + first, few, sums, room.weighed);
            });
        } else {
            for (int64_t j = 0; j < running; ++j) step_plain(rows[j], sums, room.unit, room.end);
            if (room.end == layout.units) clear_padding(rows, running);
            room.member.wait();  // for the gradients of all units
        }
        room.set_left(running, layout.gradient_row());
        if constexpr (Cell::reset_before) {
            through_reset(group, running, room);
            clear_padding(rows, running);
            room.set_left(running, layout.gradient_row());
        }
        if (given.initial_h || !room.last) recur(group, running, room);
    }

    // A tile of sums that begin at nothing.
    static auto from_zero(const Matrix& matrix) {
        return [&matrix](int64_t panel, int64_t, Vec<T>* tile) {
            for (int v = 0; v < matrix.in(panel); ++v) tile[v] = Vec<T>{};
        };
    }

    // Rows, of so many on all threads, times a matrix, packed or as it lies, see `in_panels`.
    template <class Start, class Finish>
    void multiplied(const Room& room, const F* const* rows, int64_t count, int64_t of_all, Depth depth,
                    const Matrix& matrix, Start start, Finish finish) const {
        const Depth factors = in_factors<F>(depth);
        constexpr int most = std::max(most_in_tile, TileProduct<F>::most_rows * tile_vectors);
        this->panels_of(matrix, room.member, [&](int64_t first, int64_t end) {
            const TileProduct<F> tiles(rows, count, of_all, factors, matrix.data);
            const auto height = [&](int width) { return tiles ? tiles.height() : tile_rows(width); };
            const auto add = [&](int64_t panel, int64_t from, int here, Vec<T>* tile) {
                if (tiles) return tiles.add(from, here, matrix.in(panel), matrix.at(panel), tile);
                if (matrix.data)
                    return multiply_rows(rows + from, here, matrix.in(panel), factors, matrix.at(panel), tile);
                matrix.stored([&](const auto& source) {
                    multiply_in_parts(rows + from, here, factors, straight(source), matrix, panel, tile);
                });
            };
            in_panels<most>(count, matrix, first, end, height, start, add, finish);
        });
    }

    // From the gradients of the pre-activations those of a chunk's inputs.
    void multiply_inputs(const Room& room, int64_t count) const {
        const Matrix& matrix = weights.input;
        multiplied(room, room.gradients, count, sequences.total(), layout.input_depth(), matrix, from_zero(matrix),
                    [&](int64_t panel, int64_t r, const Vec<T>* tile) {
                        for (int v = 0; v < matrix.in(panel); ++v) {
                            const int64_t column = (panel * matrix.width + v) * lanes<T>;
                            store_first(room.grad_x[r] + column, tile[v], int(shape.inputs - column));
                        }
                    });
    }

    // The gradient of the projection's result, and from it that of what was projected.
    void through_projection(Room& room, int64_t running) const {
        const Matrix& matrix = weights.projection;
        const Row* rows = room.rows;
        for (int64_t j = 0; j < running; ++j) {
            for (int64_t at = 0; at < output_width_; at += lanes<T>) {
                const Split h = rows[j].zoneout_h.split(grad_of_output(rows[j], at), at, shape.outputs);
                store(rows[j].grad_projected + at, first_only<T>(h.fresh, int(shape.outputs - at)));
                store(rows[j].grad_h + at, h.old);
            }
            room.projected.set(j, rows[j].grad_projected, output_width_);
        }
        multiplied(room, room.projected, running, shape.batch, {0, 1, output_width_, 0}, matrix, from_zero(matrix),
                    [&](int64_t panel, int64_t j, const Vec<T>* tile) {
                        for (int v = 0; v < matrix.in(panel); ++v)
                            store(rows[j].grad_unprojected + (panel * matrix.width + v) * lanes<T>, tile[v]);
                    });
    }

    // An infinite input makes NaN of the padding, which the products to come run over.
    void clear_padding(const Row* rows, int64_t running) const {
        const int64_t last = layout.units - 1, real = shape.hidden - last * lanes<T>;
        for (int64_t j = 0; j < running && real < lanes<T>; ++j)
            for (int block = 0; block < Cell::blocks; ++block) {
                T* at = rows[j].gradients + (last * Cell::blocks + block) * lanes<T>;
                store(at, first_only<T>(load(at), int(real)));
            }
    }

    // What the recurrent product hands back to h of the step before.
    void recur(Group group, int64_t running, const Room& room) const {
        constexpr int L = lanes<T>;
        const Matrix& matrix = weights.hidden;
        const bool masked = state.recurrent_mask;
        T* const grad_h = room.grad_h;
        multiplied(
            room, room.left(), running, shape.batch, layout.hidden_depth(), matrix,
            [&](int64_t panel, int64_t j, Vec<T>* tile) {
                const T* from = grad_h + j * output_width_ + panel * matrix.width * L;
                for (int v = 0; v < matrix.in(panel); ++v) tile[v] = masked ? Vec<T>{} : load(from + v * L);
            },
            [&](int64_t panel, int64_t j, const Vec<T>* tile) {
                const int64_t column = panel * matrix.width * L;
                T* to = grad_h + j * output_width_ + column;
                const T* mask = masked ? this->recurrent_mask(group.position(j)) + column : nullptr;
                for (int v = 0; v < matrix.in(panel); ++v) {
                    Vec<T> grad = tile[v];
                    if (mask)
                        grad = load(to + v * L) + grad * load_first(mask + v * L, int(shape.outputs - column - v * L));
                    store(to + v * L, grad);
                }
            });
    }

    // What the reset gate let through hands back: to the gate, and past it to h of the step before.
    void through_reset(Group group, int64_t running, const Room& room) const {
        constexpr int L = lanes<T>;
        const Matrix& matrix = weights.reset;
        const Row* rows = room.rows;
        multiplied(room, room.left(), running, shape.batch, layout.reset_depth(), matrix, from_zero(matrix),
                    [&](int64_t panel, int64_t j, const Vec<T>* tile) {
                        for (int v = 0; v < matrix.in(panel); ++v) {
                            const Row& row = rows[j];
                            const int64_t u = panel * matrix.width + v, at = u * L;
                            const int here = int(shape.hidden - at);
                            const T* gates = row.gates + u * Cell::blocks * L;
                            const Vec<T> h = load_first(row.seen + at, here);
                            store_first(row.let_through + at, Cell::template let_through<T>(gates, h), here);
                            Vec<T> grad = Cell::template backward_let_through<T>(gates, h, tile[v],
                                                                                 row.gradients + u * Cell::blocks * L);
                            if (state.recurrent_mask)
                                grad *= load_first(this->recurrent_mask(group.position(j)) + at, here);
                            store<T>(row.grad_h + at, load(row.grad_h + at) + grad);
                        }
                    });
    }

    Vec<T> grad_of_output(const Row& row, int64_t at) const {
        const Vec<T> later = load(row.grad_h + at);
        return row.grad_output ? later + load_first(row.grad_output + at, int(shape.outputs - at)) : later;
    }
    // Of h as the cell gives it. Past a projection, zoneout has had its share already.
    Split split_h(const Row& row, int64_t at) const {
        if (projected()) return {load(row.grad_unprojected + at), Vec<T>{}};
        return row.zoneout_h.split(grad_of_output(row, at), at, shape.hidden);
    }
    Split split_c(const Row& row, int64_t at) const {
        return row.zoneout_c.split(load(row.grad_c + at), at, shape.hidden);
    }

    void leave(const Row& row, int64_t at, const Carried<T>& carried, Split h, Split c) const {
        if (!projected()) store<T>(row.grad_h + at, carried.h + h.old);
        if (Cell::has_cell) store<T>(row.grad_c + at, carried.c + c.old);
    }

    void step_plain(const Row& row, Sums& sums, int64_t first, int64_t end) const {
        constexpr int L = lanes<T>;
        for (int64_t u = first; u < end; ++u) {
            const Unit<T> old = unit(row, u);
            const T* gates = row.gates + u * Cell::blocks * L;
            const Split h = split_h(row, u * L);
            Split c{Vec<T>{}, Vec<T>{}};
            Vec<T> squashed{};
            if constexpr (Cell::has_cell) {
                c = split_c(row, u * L);
                squashed = Activations::tanh(Cell::template cell_again<T>(old, gates));
                c.fresh += Cell::template backward_through<T>(gates, h.fresh, squashed);
                if (projected()) store(row.unprojected + u * L, Cell::template output_of<T>(gates, squashed));
            }
            const Carried<T> carried = Cell::template backward<T>(
                old, gates, h.fresh, c.fresh, squashed, row.gradients + u * Cell::blocks * L, sums.peephole() + u * L);
            leave(row, u * L, carried, h, c);
        }
    }

    // With a norm on the cell state, what goes through the output gate meets all units before it meets any of them. One
    // loop over the rows before each sum that a row has to wait for, and one after.
    void step_normed(const Row* rows, int64_t running, Sums& sums, const Room& room) const {
        if constexpr (Cell::has_cell) {
            const auto single = layout.template close<1>();
            Weighed<T>* const weighed = room.weighed;
            for (int64_t j = 0; j < running; ++j) {
                const NormedCell of(room.normed_cells, j, layout.padded);
                through_output(rows[j], sums, of);
                weighed[j] = weigh<T>(single, of.normalised, vectors.ln_c_weight, of.through, single, of.through);
            }
            for (int64_t j = 0; j < running; ++j)
                through_cell(rows[j], sums, NormedCell(room.normed_cells, j, layout.padded), weighed[j]);
        }
    }

    // A row's normalised c', the tanh of its weighted norm, and the gradient that comes through the output gate.
    struct NormedCell {
        T *normalised, *squashed, *through;
        NormedCell(T* memory, int64_t row, int64_t padded)
            : normalised(memory + 3 * row * padded), squashed(normalised + padded), through(squashed + padded) {}
    };

    void through_output(const Row& row, Sums& sums, NormedCell of) const {
        const T* statistics = row.gates + layout.statistics();
        layout.template close<1>().each([&](int64_t at, int64_t, int, auto real) {
            const int64_t u = at / lanes<T>;
            const T* gates = row.gates + at * Cell::blocks;
            const Vec<T> c = Cell::template cell_again<T>(unit(row, u), gates);
            const Vec<T> norm = real((c - statistics[cell_mean]) * statistics[cell_scale]);
            const Vec<T> grad = split_h(row, at).fresh;
            const Vec<T> squashed =
                Activations::tanh(norm * load(vectors.ln_c_weight + at) + load(vectors.ln_c_bias + at));
            const Vec<T> d = Cell::template backward_through<T>(gates, grad, squashed);
            store(of.normalised + at, norm);
            store(of.squashed + at, squashed);
            if (projected()) store(row.unprojected + at, Cell::template output_of<T>(gates, squashed));
            store(of.through + at, d);
            store<T>(sums.ln_c_weight() + at, load(sums.ln_c_weight() + at) + d * norm);
            store<T>(sums.ln_c_bias() + at, load(sums.ln_c_bias() + at) + d);
        });
    }

    void through_cell(const Row& row, Sums& sums, NormedCell of, Weighed<T> weighed) const {
        const T scale = row.gates[layout.statistics() + cell_scale];
        layout.template close<1>().each([&](int64_t at, int64_t, int, auto real) {
            const int64_t u = at / lanes<T>;
            const Split h = split_h(row, at), c = split_c(row, at);
            const Vec<T> through =
                real(less_shift_and_scale<T>(load(of.through + at), load(of.normalised + at), weighed, scale));
            const Carried<T> carried = Cell::template backward<T>(
                unit(row, u), row.gates + at * Cell::blocks, h.fresh, c.fresh + through, load(of.squashed + at),
                row.gradients + at * Cell::blocks, sums.peephole() + at);
            leave(row, at, carried, h, c);
        });
    }

    // From the gradients of the pre-activations to those of the two products before their norms.
    void through_norms(const Row* rows, int64_t running, Sums& sums, Weighed<T>* weighed) const {
        if (layout.norm_of_input)
            through_norm(layout.input_gates(), layout.template close<Cell::input_blocks>(), layout.blocks(), rows,
                         running, layout.normalised_input(), input_scale, vectors.ln_ih_weight, sums.ln_ih_weight(),
                         sums.ln_ih_bias(), weighed);
        through_norm(layout.hidden_gates(), layout.hidden_gates(), 0, rows, running, layout.normalised_hidden(),
                     hidden_scale, vectors.ln_hh_weight, sums.ln_hh_weight(), sums.ln_bias(), weighed);
    }

    // One norm over all rows of a time step: what its weight and bias get, and the gradients to `to` of each row.
    template <int V>
    void through_norm(const NormedRow<T, V>& norm, const NormedRow<T, V>& to_norm, int64_t to, const Row* rows,
                      int64_t running, int64_t normalised, Statistic scale, const T* weight, T* grad_weight,
                      T* grad_bias, Weighed<T>* weighed) const {
        norm.each([&](int64_t at, int64_t close, int, auto) {
            Vec<T> for_weight = load(grad_weight + close), for_bias = load(grad_bias + close);
            for (int64_t j = 0; j < running; ++j) {
                const Vec<T> d = load(rows[j].gradients + at);
                for_weight += d * load(rows[j].gates + normalised + close);
                for_bias += d;
            }
            store(grad_weight + close, for_weight);
            store(grad_bias + close, for_bias);
        });
        for (int64_t j = 0; j < running; ++j)
            weighed[j] =
                weigh(norm, rows[j].gates + normalised, weight, rows[j].gradients, to_norm, rows[j].gradients + to);
        for (int64_t j = 0; j < running; ++j) {
            const T* norms = rows[j].gates + normalised;
            const T factor = rows[j].gates[layout.statistics() + scale];
            T* gradients = rows[j].gradients + to;
            to_norm.each([&](int64_t at, int64_t close, int, auto real) {
                store(gradients + at,
                      real(less_shift_and_scale<T>(load(gradients + at), load(norms + close), weighed[j], factor)));
            });
        }
    }
};

}  // namespace foretell
