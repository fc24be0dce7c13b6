// What crosses from Python for decoding (`foretell/kernels/structures.py` mirrors it field by field).
#pragma once

#include "scan/scan.h"

namespace foretell {

// A network that predicts a token from the one before: an embedding, recurrent layers, maybe attention, a linear head.
// All in single precision; B sequences, M = B of them with a memory where there is attention.
struct DecoderNetwork {
    int64_t sequences, rows, threads;  // B, and how many rows there may be at most: more than B in a beam search
    int64_t vocabulary, embedded, constant, features, outputs, layers;
    const float* embedding;  // (vocabulary, embedded)
    const float* constants;  // (B, constant): beside the embedded token at every step; null where constant = 0
    // Each with its weights, its sizes, and the initial state (B, .); what belongs to one scan is not read.
    const Scan* recurrent;
    // The outputs are head p + head_bias, p = projection f + projection_bias or, where that is null, the features f.
    int64_t projected;  // the size of p
    const float *projection, *projection_bias, *head, *head_bias;

    // Attention, where `memory` is not null: score = query . key, context = sum of the memory under softmax(score), and
    // the head sees tanh(combine [context; query] + combine_bias).
    int64_t memory_steps, memory_size;
    const float *memory, *keys;  // (M, S, memory_size) and (M, S, features)
    const uint8_t* mask;         // (M, S): zero for a step without weight; null: all count
    const float *combine, *combine_bias;
};

// Some steps of all sequences that have not ended, each token drawn from the outputs and fed back.
struct DecoderCall {
    int64_t first, steps, end;  // the number of the first step; the token that ends a sequence, -1 for none
    double temperature;         // 0 takes the likeliest token
    int64_t top_k;              // 0 for all
    double top_p;               // 1 for all
    const float* uniforms;      // (steps, B) in [0, 1); null where nothing is drawn
    int64_t* tokens;            // (B): those to be fed, and then those to be fed next
    int64_t *ids, *lengths;     // (B, row) and (B): `end` itself is not stored, but the step at which it came is
    int64_t row;
    int64_t going;              // how many sequences have not ended
};

// One step of rows that a beam search chooses.
struct DecoderExpansion {
    int64_t rows, top;
    const int64_t *tokens, *origins;  // (rows): what is fed, and the row of the step before whose state it continues
    float* likely;                    // (rows, top): the greatest outputs, falling
    int64_t* likely_tokens;           // (rows, top)
    float* log_sum;                   // (rows): log of the sum of exp(outputs)
};

}  // namespace foretell
