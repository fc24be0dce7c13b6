// Decoding, many time steps in one call: the functions that Python calls for it.
#include "core/exports.h"
#include "core/sampling.h"
#include "decoder/choice.h"
#include "decoder/steps.h"

namespace foretell {
namespace {

class Decoder {
  public:
    explicit Decoder(const DecoderNetwork& network) : steps_(network), chosen_(network.rows) {}

    // False where the outputs are no distribution to draw from.
    bool run(DecoderCall& call) {
        for (int64_t t = 0; t < call.steps && steps_.count() > 0; ++t) {
            steps_.step(call.tokens);
            if (!choose(call, t)) return false;
            hand_out(call, call.first + t);
        }
        call.going = steps_.count();
        return true;
    }

    void expand(const DecoderExpansion& e) {
        steps_.select(e.origins, e.rows);
        steps_.step(e.tokens);
        for_rows([&](int64_t first, int64_t end) {
            const int64_t outputs = steps_.n.outputs;
            for (int64_t r = first; r < end; ++r) {
                float* likely = e.likely + r * e.top;
                greatest(steps_.outputs(r), outputs, e.top, likely, e.likely_tokens + r * e.top);
                e.log_sum[r] = log_of_sum(steps_.outputs(r), outputs, likely[0]);
            }
        });
    }

  private:
    DecoderSteps steps_;
    Buffer<int64_t> chosen_;

    // `work(first, end)` over all rows, in shares.
    template <class Work>
    void for_rows(Work work) {
        const int64_t rows = steps_.count(), threads = rows * steps_.n.outputs < 30000 ? 1 : steps_.n.threads;
        parallel(threads, threads, [&](int64_t share) { work(rows * share / threads, rows * (share + 1) / threads); });
    }

    bool choose(const DecoderCall& call, int64_t t) {
        std::atomic<bool> drawn{true};
        for_rows([&](int64_t first, int64_t end) {
            const int64_t outputs = steps_.n.outputs;
            if (call.temperature == 0) {
                float likeliest;
                for (int64_t r = first; r < end; ++r) greatest(steps_.outputs(r), outputs, 1, &likeliest, chosen_ + r);
                return;
            }
            Buffer<int64_t> order(outputs);
            Buffer<float> weights(round_up(outputs, lanes<float>));
            const Sampling sampling{float(call.temperature), call.top_k, float(call.top_p), order, weights};
            for (int64_t r = first; r < end; ++r) {
                const float u = call.uniforms[t * steps_.n.sequences + steps_.source(r)];
                chosen_[r] = draw(steps_.outputs(r), outputs, u, sampling);
                if (chosen_[r] < 0) drawn = false;
            }
        });
        return drawn;
    }

    // Tokens to where they belong, and on to the next step those of sequences that have not ended.
    void hand_out(DecoderCall& call, int64_t step) {
        int64_t going = 0;
        const int64_t count = steps_.count();
        Buffer<int64_t> origins(count);
        for (int64_t r = 0; r < count; ++r) {
            const int64_t sequence = steps_.source(r), token = chosen_[r];
            if (token == call.end) {
                call.lengths[sequence] = step;
                continue;
            }
            call.ids[sequence * call.row + step] = token;
            call.tokens[going] = token;
            origins[going++] = r;
        }
        if (going < count) steps_.select(origins, going);
    }
};

}  // namespace
}  // namespace foretell

using namespace foretell;

// A decoder before its first step; null where memory ran out. It copies the state and packs the layers; embedding, head
// and memory it reads where they lie, as long as it lives.
EXPORTED void* foretell_decoder_create(const DecoderNetwork* network) {
    Decoder* made = nullptr;
    guarded([&] { made = new Decoder(*network); });
    return made;
}
EXPORTED void foretell_decoder_destroy(void* decoder) { delete static_cast<Decoder*>(decoder); }

// 0, or 1 where memory ran out, or 2 where outputs were no distribution.
EXPORTED int foretell_decoder_run(void* decoder, DecoderCall* call) {
    return guarded([&] { return static_cast<Decoder*>(decoder)->run(*call) ? 0 : 2; });
}
EXPORTED int foretell_decoder_expand(void* decoder, const DecoderExpansion* expansion) {
    return guarded([&] { static_cast<Decoder*>(decoder)->expand(*expansion); });
}
