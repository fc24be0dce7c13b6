// How the rows of gates and of their gradients are laid out.
#pragma once

#include "core/buffer.h"
#include "core/product.h"
#include "scan/layer_norm.h"

namespace foretell {

// Sizes in values of T. A row of gates holds the cell's blocks for each vector of units; under layer norm also the
// normalised recurrent product, the normalised product of the input (but for an RNN, which has one norm for both), and
// the row's statistics. A row of gradients holds the same blocks, and where the input has a norm of its own the
// gradients of its product.
template <class T, class Cell>
struct Layout {
    int64_t hidden, units, padded;  // H, vectors of units, and the units in them
    bool norm, norm_of_input;

    Layout(int64_t features, bool layer_norm)
        : hidden(features), units((features + lanes<T> - 1) / lanes<T>), padded(units * lanes<T>), norm(layer_norm),
          norm_of_input(layer_norm && !Cell::norm_of_sum) {}

    int64_t blocks() const { return padded * Cell::blocks; }
    int64_t input_product() const { return padded * Cell::input_blocks; }
    int64_t hidden_product() const { return padded * Cell::hidden_blocks; }
    int64_t normalised_hidden() const { return blocks(); }
    int64_t normalised_input() const { return blocks() + hidden_product(); }
    int64_t statistics() const { return normalised_input() + (norm_of_input ? input_product() : 0); }
    int64_t row() const { return norm ? statistics() + round_up(4, lanes<T>) : blocks(); }
    int64_t gradient_row() const { return blocks() + (norm_of_input ? input_product() : 0); }

    // How a row of gradients looks as the left side of a product with all input gates, or all recurrent ones.
    Depth input_depth() const {
        return norm_of_input ? Depth{blocks(), 1, input_product(), 0} : depth(0, Cell::input_blocks);
    }
    Depth hidden_depth() const { return depth(Cell::hidden_first, Cell::hidden_blocks); }
    Depth reset_depth() const { return depth(0, 1); }

    // The gates as a norm sees them: among a row's blocks, or close together.
    NormedRow<T, Cell::input_blocks> input_gates() const { return {hidden, Cell::blocks, 0}; }
    NormedRow<T, Cell::hidden_blocks> hidden_gates() const { return {hidden, Cell::blocks, Cell::hidden_first}; }
    template <int V>
    NormedRow<T, V> close() const {
        return {hidden, V, 0};
    }

  private:
    Depth depth(int first, int used) const {
        if (used == Cell::blocks) return {0, 1, padded * used, 0};
        return {first * lanes<T>, units, int64_t(used) * lanes<T>, int64_t(Cell::blocks) * lanes<T>};
    }
};

// The places of a row's statistics.
enum Statistic { hidden_scale, cell_mean, cell_scale, input_scale };

}  // namespace foretell
