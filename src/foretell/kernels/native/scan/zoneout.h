// Zoneout between an old state and a new one (Krueger et al., 2017), forward and backward.
#pragma once

#include "core/vectors.h"

namespace foretell {

template <class T>
struct Zoneout {
    const T* shares;  // of the old value that each feature keeps, or null
    double rate;      // then the share of all

    bool on() const { return shares || rate != 0; }

    // Exactly the old value where all of it is kept, exactly the new one where nothing is, if both are finite.
    Vec<T> blend(Vec<T> fresh, Vec<T> old, int64_t at, int64_t width) const {
        if (!on()) return fresh;
        const Vec<T> kept = share(at, width);
        return fresh * (T(1) - kept) + old * kept;
    }

    // The gradient that reaches the new state, and what is handed to the old one.
    struct Split {
        Vec<T> fresh, old;
    };
    Split split(Vec<T> gradient, int64_t at, int64_t width) const {
        if (!on()) return {gradient, Vec<T>{}};
        const Vec<T> old = gradient * share(at, width);
        return {gradient - old, old};
    }

  private:
    Vec<T> share(int64_t at, int64_t width) const {
        return shares ? load_first(shares + at, int(width - at)) : broadcast<T>(T(rate));
    }
};

}  // namespace foretell
