// What every function that Python calls is: visible from outside the library, and one that no exception leaves.
#pragma once

#include <new>
#include <stdexcept>
#include <type_traits>

#include "core/interruption.h"

#define EXPORTED extern "C" __attribute__((visibility("default")))

namespace foretell {

// 1 where memory ran out, 3 where the caller wanted an early end; otherwise what the call returns, or 0 if it returns nothing.
template <class Call>
int guarded(Call call) {
    try {
        if constexpr (std::is_void_v<decltype(call())>) {
            call();
            return 0;
        } else {
            return call();
        }
    } catch (const std::bad_alloc&) {
        return 1;
    } catch (const std::length_error&) {
        return 1;
    } catch (const Interrupted&) {
        return 3;
    }
}

}  // namespace foretell
