// How the C++ files tell what went wrong.

#pragma once

#include <cstddef>
#include <cstdio>
#include <exception>

// A reason's text, cut at its capacity.
struct GraftError {
  char *text;
  size_t capacity;
};

// What `work` gives, or `failed` with the reason: nothing is thrown across the border to Rust.
template <typename Result, typename Work> Result attempt(GraftError error, Result failed, Work work) {
  try {
    return work();
  } catch (const std::exception &problem) {
    std::snprintf(error.text, error.capacity, "%s", problem.what());
  } catch (...) {
    std::snprintf(error.text, error.capacity, "unknown");
  }
  return failed;
}
