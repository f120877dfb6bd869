// How graphics cards compute, and what they compute in one kernel. None of libtorch's CUDA headers is needed.

#include "error.h"

#include <ATen/Context.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/ops/cudnn_convolution_add_relu.h>
#include <ATen/ops/cudnn_convolution_relu.h>
#include <ATen/ops/empty.h>

#include <cstdint>
#include <optional>

namespace {

// Whether libtorch's CUDA part, which may have been opened later than the rest, has this operator.
bool has_kernel(const char *name) {
  const auto found = c10::Dispatcher::singleton().findSchema({name, ""});
  return found.has_value() && found->hasKernelForDispatchKey(c10::DispatchKey::CUDA);
}

} // namespace

extern "C" {

// What libtorch keeps once for the process: at::Float32Precision of matrix products and of convolutions on cards, and
// whether cuDNN tries its algorithms out.
struct GraftArithmetic {
  int32_t products;
  int32_t convolutions;
  bool tries_algorithms;
};

// The settings for TF32 allowed and not.
GraftArithmetic graft_arithmetic_of(bool tf32, bool tries_algorithms) {
  const auto precision = tf32 ? at::Float32Precision::TF32 : at::Float32Precision::IEEE;
  return {static_cast<int32_t>(precision), static_cast<int32_t>(precision), tries_algorithms};
}

bool graft_arithmetic(GraftArithmetic *now, GraftError error) {
  return attempt(error, false, [&] {
    const auto &context = at::globalContext();
    const auto of = [&](at::Float32Op operation) {
      return static_cast<int32_t>(context.float32Precision(at::Float32Backend::CUDA, operation));
    };
    *now = {of(at::Float32Op::MATMUL), of(at::Float32Op::CONV), context.benchmarkCuDNN()};
    return true;
  });
}

bool graft_set_arithmetic(const GraftArithmetic *what, GraftError error) {
  return attempt(error, false, [&] {
    auto &context = at::globalContext();
    const auto set = [&](at::Float32Op operation, int32_t precision) {
      context.setFloat32Precision(at::Float32Backend::CUDA, operation, static_cast<at::Float32Precision>(precision));
    };
    set(at::Float32Op::MATMUL, what->products);
    set(at::Float32Op::CONV, what->convolutions);
    context.setBenchmarkCuDNN(what->tries_algorithms);
    return true;
  });
}

// Waits until the device has done all that it was asked to do.
bool graft_synchronize(int32_t index, GraftError error) {
  return attempt(error, false, [&] {
    at::detail::getCUDAHooks().deviceSynchronize(static_cast<c10::DeviceIndex>(index));
    return true;
  });
}

// A new uint8 tensor of that shape in memory that a CUDA device can read by itself, its values as the memory was.
at::Tensor *graft_pinned_empty(const int64_t *shape, size_t dimensions, GraftError error) {
  return attempt<at::Tensor *>(error, nullptr, [&] {
    const auto options = at::TensorOptions().dtype(at::kByte).pinned_memory(true);
    return new at::Tensor(at::empty(at::IntArrayRef(shape, dimensions), options));
  });
}

// Whether cuDNN's convolutions with a sum and a ReLU after them are there.
bool graft_has_card_convolution() {
  static bool is_there = false;
  is_there = is_there || (has_kernel("aten::cudnn_convolution_relu") && has_kernel("aten::cudnn_convolution_add_relu"));
  return is_there;
}

// relu(convolution + bias + other) as a new tensor. `bias` and `other` may be null.
at::Tensor *graft_card_convolution(const at::Tensor *input, const at::Tensor *weight, const at::Tensor *bias,
                                   const at::Tensor *other, const int64_t *stride, const int64_t *padding,
                                   int64_t groups, GraftError error) {
  return attempt<at::Tensor *>(error, nullptr, [&] {
    const at::NoGradGuard guard;
    const auto offset = bias == nullptr ? std::optional<at::Tensor>() : std::optional<at::Tensor>(*bias);
    const at::IntArrayRef strides(stride, 2), sides(padding, 2);
    const int64_t once[2] = {1, 1};
    if (other == nullptr) {
      return new at::Tensor(at::cudnn_convolution_relu(*input, *weight, offset, strides, sides, once, groups));
    }
    return new at::Tensor(
        at::cudnn_convolution_add_relu(*input, *weight, *other, 1.0, offset, strides, sides, once, groups));
  });
}
}
