// The scan forwards: the input's share of a chunk of time steps as one product, then step after step the recurrent
// product, with the cell's equations applied to its tiles while they are in registers.
#pragma once

#include <algorithm>

#include "scan/traversal.h"

namespace foretell {

template <class F, class Cell>
class Forward : Traversal<F, Cell> {
  public:
    Forward(const Scan& scan, const Sequences& in_order, const PackedLayer<F, Cell>& layer, Interruption& asked)
        : Base(scan, in_order, layer, asked), scan_(scan) {}

    void run() const {
        const int64_t rows = sequences.total();
        in_large_pages(state.gates, rows * layout.row() * int64_t(sizeof(T)));
        in_large_pages(state.cells, state.cells ? rows * layout.padded * int64_t(sizeof(T)) : 0);
        in_large_pages(state.output, rows * shape.outputs * int64_t(sizeof(T)));
        const auto [groups, members] = division(scan_, Cell::input_blocks, rows, weights.hidden.count(), this->divisible());
        in_teams(groups, members, [&, groups = groups](int64_t g, const Member& member) {
            scan(Group::of(g, groups, sequences, shape.batch), member);
        });
    }

  private:
    using Base = Traversal<F, Cell>;
    using T = SumOf<F>;
    using Activations = ActivationsOf<F>;
    using Base::layout, Base::projected, Base::rounds, Base::sequences, Base::shape, Base::state, Base::unit,
        Base::values, Base::vectors, Base::weights;
    using Matrix = typename PackedWeights<F, Cell>::Matrix;

    const Scan& scan_;

    // What belongs to one row of a group while its sequence runs.
    struct Row : Base::Step {
        const T* seen;
        T *next_h, *next_c;
        T* unprojected;
    };

    // What a thread works in on a group.
    struct Room {
        const Member member;
        const int64_t unit, end;  // its own vectors of units
        Buffer<Row> rows;
        FactorRows<F> inputs, left;  // the left sides of a chunk's product, and of a step's
        Buffer<T*> gates;            // a chunk's
        Buffer<T> cells, let_through, unprojected, chunk_gates, masked, product, cell;
        Buffer<Moments<T>> moments;

        Room(const Forward& f, const Member& of_team, int64_t count, int64_t chunk)
            : member(of_team), unit(f.first_unit(of_team.begin(f.weights.hidden.count()))),
              end(f.first_unit(of_team.end(f.weights.hidden.count()))), rows(count), inputs(chunk * count, f.shape.inputs, f.rounds),
              left(count, std::max(f.shape.hidden, f.shape.outputs), f.rounds), gates(chunk * count),
              cells(Cell::has_cell ? count * f.layout.padded : 0),
              let_through(Cell::reset_before ? count * f.layout.padded : 0),
              unprojected(f.weights.projection.vectors ? count * f.layout.padded : 0),
              chunk_gates(f.state.gates ? 0 : chunk * count * f.layout.row()),
              masked(f.state.recurrent_mask ? count * f.shape.outputs : 0),
              product(f.layout.norm ? count * f.layout.hidden_product() : 0),
              cell(f.layout.norm ? count * f.layout.padded : 0), moments(f.layout.norm ? chunk * count : 0) {}
    };

    // The first vector of units in a panel of the recurrent weights; past the last one the end of all.
    int64_t first_unit(int64_t panel) const {
        return std::min(panel * weights.hidden.width / Cell::hidden_blocks, layout.units);
    }

    void scan(Group group, const Member& member) const {
        Room room(*this, member, group.count, chunk_steps(group.count, shape.steps));
        begin(group, room);
        this->in_chunks(group, Direction::forwards, [&](auto each_step) {
            int64_t count = 0;
            each_step([&](int64_t time, int64_t running) {
                for (int64_t j = 0; j < running; ++j, ++count) gather(time, group.position(j), count, room);
            });
            multiply_inputs(room, count);
            T* const* gates = room.gates;
            each_step([&](int64_t time, int64_t running) {
                for (int64_t j = 0; j < running; ++j) arrive(time, group.position(j), j, gates[j], room);
                step(room, running);
                for (int64_t j = 0; j < running; ++j) {
                    room.rows[j].h = room.rows[j].next_h;
                    room.rows[j].c = room.rows[j].next_c;
                }
                member.wait();  // for h of all units
                gates += running;
            });
        });
        end(group, room);
    }

    void begin(Group group, Room& room) const {
        for (int64_t j = 0; j < group.count; ++j) {
            Row& row = room.rows[j];
            row = {};
            row.h = this->initial_h(group.position(j));
            row.unprojected = room.unprojected + j * layout.padded;
            if constexpr (Cell::has_cell) {
                this->copy_initial_c(group.position(j), room.cells + j * layout.padded);
                row.c = room.cells + j * layout.padded;
            }
        }
    }

    // Where a time step's input is, and where its gates are to be.
    void gather(int64_t time, int64_t position, int64_t at, Room& room) const {
        room.inputs.set(at, values(state.x) + sequences.offset(time, position, state.x_step, state.x_row),
                        shape.inputs);
        room.gates[at] = state.gates ? values(state.gates) + sequences.packed(time, position) * layout.row()
                                     : room.chunk_gates + at * layout.row();
    }

    // A row comes to its next time step.
    void arrive(int64_t time, int64_t position, int64_t j, T* gates, Room& room) const {
        Row& row = room.rows[j];
        this->set_step(row, time, position);
        row.gates = gates;
        row.next_h = values(state.output) + this->offset(time, position, shape.outputs);
        if (Cell::has_cell)
            row.next_c = state.cells ? values(state.cells) + sequences.packed(time, position) * layout.padded
                                     : room.cells + j * layout.padded;
        row.seen = this->seen(row.h, position, room.masked + j * shape.outputs);
        room.left.set(j, row.seen, shape.outputs);
    }

    void end(Group group, const Room& room) const {
        for (int64_t j = 0; j < group.count; ++j) {
            const int64_t at = sequences.row(group.position(j));
            const Row& row = room.rows[j];
            this->copy_own(row.h, values(state.final_h) + at * shape.outputs, shape.outputs, room);
            if (Cell::has_cell) this->copy_own(row.c, values(state.final_c) + at * shape.hidden, shape.hidden, room);
        }
    }

    void step(Room& room, int64_t running) const {
        if constexpr (Cell::reset_before) {  // never with a norm
            step_plain(room, running);
            step_after_reset(room, running);
        } else {
            if (layout.norm) step_normed(room, running);
            else step_plain(room, running);
        }
        if (projected()) project(room, running);
    }

    // Rows, of so many on all threads, times a matrix, packed or as it lies, see `in_panels`.
    template <class Start, class Finish>
    void multiplied(const Room& room, const F* const* rows, int64_t count, int64_t of_all, int64_t depth,
                    const Matrix& matrix, Start start, Finish finish) const {
        constexpr int most = std::max(unpacked_rows, TileProduct<F>::most_rows) * tile_vectors;
        const Depth factors = in_factors<F>({0, 1, depth, 0});
        this->panels_of(matrix, room.member, [&](int64_t first, int64_t end) {
            const TileProduct<F> tiles(rows, count, of_all, factors, matrix.data);
            const auto height = [&](int width) {
                return tiles ? tiles.height() : matrix.data ? tile_rows(width) : unpacked_rows;
            };
            const auto add = [&](int64_t panel, int64_t from, int here, Vec<T>* tile) {
                if (tiles) return tiles.add(from, here, matrix.in(panel), matrix.at(panel), tile);
                if (matrix.data)
                    return multiply_rows(rows + from, here, matrix.in(panel), factors, matrix.at(panel), tile);
                matrix.stored([&](const auto& source) {
                    multiply_unpacked_panel(rows + from, here, source, matrix, panel, tile);
                });
            };
            in_panels<most>(count, matrix, first, end, height, start, add, finish);
        });
    }

    // The input's share into the rows of gates; where the recurrent product has a block of its own, its bias there.
    void multiply_inputs(const Room& room, int64_t count) const {
        constexpr int L = lanes<T>;
        const Matrix& matrix = weights.input;
        T* const* const gates = room.gates;
        multiplied(
            room, room.inputs, count, sequences.total(), shape.inputs, matrix,
            [&](int64_t panel, int64_t, Vec<T>* tile) {
                for (int v = 0; v < matrix.in(panel); ++v)
                    tile[v] = layout.norm_of_input ? Vec<T>{} : load(vectors.bias + (panel * matrix.width + v) * L);
            },
            [&](int64_t panel, int64_t r, const Vec<T>* tile) {
                T* to = gates[r] + panel * matrix.width / Cell::input_blocks * Cell::blocks * L;
                for (int v = 0; v < matrix.in(panel); ++v) store(to + v * L, tile[v]);
            });
        if (layout.norm_of_input)
            a_few_at_a_time(count, [&](int64_t first, int64_t few) {
                for (int64_t r = 0; r < few; ++r) room.moments[r] = moments(layout.input_gates(), gates[first + r]);
                for (int64_t r = 0; r < few; ++r) normalise_input(gates[first + r], room.moments[r]);
            });
        if constexpr (Cell::blocks > Cell::input_blocks)
            for (int64_t r = 0; r < count; ++r)
                for (int64_t u = room.unit; u < room.end; ++u) {
                    const T* own = vectors.hidden_bias + (u * Cell::hidden_blocks + Cell::hidden_blocks - 1) * L;
                    store<T>(gates[r] + (u * Cell::blocks + Cell::blocks - 1) * L, layout.norm ? Vec<T>{} : load(own));
                }
    }

    void normalise_input(T* gates, Moments<T> m) const {
        T* normalised = gates + layout.normalised_input();
        gates[layout.statistics() + input_scale] = m.scale;
        layout.input_gates().each([&](int64_t at, int64_t close, int, auto real) {
            const Vec<T> norm = real((load(gates + at) - m.mean) * m.scale);
            store(normalised + close, norm);
            store<T>(gates + at, norm * load(vectors.ln_ih_weight + close) + load(vectors.bias + close));
        });
    }

    // Where a vector of the recurrent product has its place in a row of gates.
    static int64_t place(int64_t vector) {
        constexpr int blocks = Cell::hidden_blocks;
        return (vector / blocks * Cell::blocks + Cell::hidden_first + vector % blocks) * lanes<T>;
    }

    void step_plain(const Room& room, int64_t running) const {
        constexpr int L = lanes<T>;
        const Matrix& matrix = weights.hidden;
        const Row* rows = room.rows;
        multiplied(
            room, room.left, running, shape.batch, shape.outputs, matrix,
            [&](int64_t panel, int64_t j, Vec<T>* tile) {
                for (int v = 0; v < matrix.in(panel); ++v)
                    tile[v] = load(rows[j].gates + place(panel * matrix.width + v));
            },
            [&](int64_t panel, int64_t j, const Vec<T>* tile) {
                const int64_t first = panel * matrix.width / Cell::hidden_blocks;
                for (int64_t i = 0; i < matrix.in(panel) / Cell::hidden_blocks; ++i) {
                    const int64_t u = first + i;
                    const Unit<T> old = unit(rows[j], u);
                    T* gates = rows[j].gates + u * Cell::blocks * L;
                    const Vec<T> c = Cell::template cell<T, Activations>(old, tile + i * Cell::hidden_blocks, gates);
                    if constexpr (!Cell::reset_before)
                        keep(rows[j], u, old, Cell::template output<T, Activations>(old, gates, c), c);
                }
            });
    }

    // The product of what the reset gate lets through.
    void step_after_reset(Room& room, int64_t running) const {
        constexpr int L = lanes<T>;
        const Matrix& matrix = weights.reset;
        const Row* rows = room.rows;
        for (int64_t j = 0; j < running; ++j) {
            T* let_through = room.let_through + j * layout.padded;
            for (int64_t u = 0; u < layout.units; ++u) {
                const Vec<T> h = load_first(rows[j].seen + u * L, int(shape.hidden - u * L));
                store<T>(let_through + u * L, Cell::template let_through<T>(rows[j].gates + u * Cell::blocks * L, h));
            }
            room.left.set(j, let_through, shape.hidden);
        }
        multiplied(
            room, room.left, running, shape.batch, shape.hidden, matrix,
            [&](int64_t panel, int64_t j, Vec<T>* tile) {
                for (int v = 0; v < matrix.in(panel); ++v)
                    tile[v] = load(rows[j].gates + (panel * matrix.width + v) * Cell::blocks * L);
            },
            [&](int64_t panel, int64_t j, const Vec<T>* tile) {
                for (int v = 0; v < matrix.in(panel); ++v) {
                    const int64_t u = panel * matrix.width + v;
                    const Unit<T> old = unit(rows[j], u);
                    T* gates = rows[j].gates + u * Cell::blocks * L;
                    keep(rows[j], u, old, Cell::template output<T, Activations>(old, gates, tile[v]), Vec<T>{});
                }
            });
    }

    void step_normed(const Room& room, int64_t running) const {
        constexpr int L = lanes<T>;
        const Matrix& matrix = weights.hidden;
        const Row* rows = room.rows;
        T* const product = room.product;
        multiplied(
            room, room.left, running, shape.batch, shape.outputs, matrix,
            [&](int64_t panel, int64_t j, Vec<T>* tile) {
                for (int v = 0; v < matrix.in(panel); ++v)
                    tile[v] = Cell::norm_of_sum ? load(rows[j].gates + place(panel * matrix.width + v)) : Vec<T>{};
            },
            [&](int64_t panel, int64_t j, const Vec<T>* tile) {
                T* to = product + j * layout.hidden_product() + panel * matrix.width * L;
                for (int v = 0; v < matrix.in(panel); ++v) store(to + v * L, tile[v]);
            });
        a_few_at_a_time(running, [&](int64_t first, int64_t few) {
            finish_normed(rows + first, few, product + first * layout.hidden_product(), room.cell, room.moments);
        });
    }

    // One loop over the rows for each thing that a row's next has to wait for.
    void finish_normed(const Row* rows, int64_t running, const T* product, T* cell, Moments<T>* found) const {
        const auto gates = layout.template close<Cell::hidden_blocks>();
        for (int64_t j = 0; j < running; ++j) found[j] = moments(gates, product + j * layout.hidden_product());
        for (int64_t j = 0; j < running; ++j)
            gates_normed(rows[j], product + j * layout.hidden_product(), cell + j * layout.padded, found[j]);
        if constexpr (Cell::has_cell) {
            const auto single = layout.template close<1>();
            for (int64_t j = 0; j < running; ++j) found[j] = moments(single, cell + j * layout.padded);
            for (int64_t j = 0; j < running; ++j) output_normed(rows[j], cell + j * layout.padded, found[j]);
        }
    }

    void gates_normed(const Row& row, const T* product, T* next_c, Moments<T> m) const {
        constexpr int L = lanes<T>;
        T* normalised = row.gates + layout.normalised_hidden();
        row.gates[layout.statistics() + hidden_scale] = m.scale;
        Vec<T> pre[Cell::hidden_blocks];
        layout.template close<Cell::hidden_blocks>().each([&](int64_t, int64_t at, int v, auto real) {
            const int64_t u = at / (Cell::hidden_blocks * L);
            T* gates = row.gates + u * Cell::blocks * L;
            const Vec<T> norm = real((load(product + at) - m.mean) * m.scale);
            store(normalised + at, norm);
            pre[v] = norm * load(vectors.ln_hh_weight + at) + load(vectors.hidden_bias + at);
            if (!Cell::norm_of_sum) pre[v] += load(gates + (Cell::hidden_first + v) * L);
            if (v + 1 < Cell::hidden_blocks) return;
            const Unit<T> old = unit(row, u);
            const Vec<T> c = Cell::template cell<T, Activations>(old, pre, gates);
            if (Cell::has_cell) store(next_c + u * L, real(c));
            else keep(row, u, old, Cell::template output<T, Activations>(old, gates, c), c);
        });
    }

    // What the output gate lets through is the norm of all of c'.
    void output_normed(const Row& row, const T* cell, Moments<T> m) const {
        T* statistics = row.gates + layout.statistics();
        statistics[cell_mean] = m.mean;
        statistics[cell_scale] = m.scale;
        layout.template close<1>().each([&](int64_t at, int64_t, int, auto) {
            const int64_t u = at / lanes<T>;
            const Vec<T> c = load(cell + at);
            const Vec<T> through =
                (c - m.mean) * m.scale * load(vectors.ln_c_weight + at) + load(vectors.ln_c_bias + at);
            const Unit<T> old = unit(row, u);
            keep(row, u, old, Cell::template output<T, Activations>(old, row.gates + at * Cell::blocks, through), c);
        });
    }

    // Zoneout between the old state and the new, then both are stored; an output that is to be projected waits for
    // that.
    void keep(const Row& row, int64_t u, const Unit<T>& old, Vec<T> h, Vec<T> c) const {
        const int64_t at = u * lanes<T>;
        if (projected()) store(row.unprojected + at, h);
        else keep_output(row, at, h);
        if constexpr (Cell::has_cell) store<T>(row.next_c + at, row.zoneout_c.blend(c, old.c, at, shape.hidden));
    }
    void keep_output(const Row& row, int64_t at, Vec<T> h) const {
        const int here = int(shape.outputs - at);
        const Vec<T> old = row.zoneout_h.on() ? load_first(row.h + at, here) : h;
        store_first(row.next_h + at, row.zoneout_h.blend(h, old, at, shape.outputs), here);
    }

    // W_hr times what the cell gives (Sak, Senior & Beaufays, 2014).
    void project(Room& room, int64_t running) const {
        const Matrix& matrix = weights.projection;
        const Row* rows = room.rows;
        for (int64_t j = 0; j < running; ++j) room.left.set(j, rows[j].unprojected, shape.hidden);
        multiplied(
            room, room.left, running, shape.batch, shape.hidden, matrix,
            [&](int64_t panel, int64_t, Vec<T>* tile) {
                for (int v = 0; v < matrix.in(panel); ++v) tile[v] = Vec<T>{};
            },
            [&](int64_t panel, int64_t j, const Vec<T>* tile) {
                for (int v = 0; v < matrix.in(panel); ++v)
                    keep_output(rows[j], (panel * matrix.width + v) * lanes<T>, tile[v]);
            });
    }
};

}  // namespace foretell
