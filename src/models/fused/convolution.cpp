// A convolution with what follows it, in one pass over memory: oneDNN's post-operations, which libtorch has as
// `mkldnn::_convolution_pointwise` and which tch does not bind.

#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/Scalar.h>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <string_view>

namespace {

using Numbers = c10::List<std::optional<at::Scalar>>;
using Unary = at::Tensor(const at::Tensor &, const at::Tensor &, const std::optional<at::Tensor> &, at::IntArrayRef,
                         at::IntArrayRef, at::IntArrayRef, int64_t, std::string_view, Numbers,
                         std::optional<std::string_view>);
using Binary = at::Tensor(const at::Tensor &, const at::Tensor &, const at::Tensor &, const std::optional<at::Tensor> &,
                          at::IntArrayRef, at::IntArrayRef, at::IntArrayRef, int64_t, std::string_view,
                          std::optional<at::Scalar>, std::optional<std::string_view>, Numbers,
                          std::optional<std::string_view>);

const auto &unary() {
  static const auto found = c10::Dispatcher::singleton()
                                .findSchemaOrThrow("mkldnn::_convolution_pointwise", "")
                                .typed<Unary>();
  return found;
}

const auto &binary() {
  static const auto found = c10::Dispatcher::singleton()
                                .findSchemaOrThrow("mkldnn::_convolution_pointwise", "binary")
                                .typed<Binary>();
  return found;
}

} // namespace

extern "C" {

// What a convolution is. The same fields stand in mod.rs.
struct GraftConvolution {
  int64_t padding[2];
  int64_t stride[2];
  int64_t groups;
  // oneDNN's name of what is applied at the end; "none" for nothing.
  const char *activation;
  // Its bounds, for "hardtanh".
  double bounds[2];
};

// The result as a new tensor, or null with the reason in `error`. `bias` may be null. `other`: what is added before the activation
// (then "none" or "relu"), or null.
at::Tensor *graft_convolution(const at::Tensor *input, const at::Tensor *weight, const at::Tensor *bias,
                              const at::Tensor *other, const GraftConvolution *what, char *error, size_t capacity) {
  try {
    const at::NoGradGuard guard;
    const std::string_view activation = what->activation;
    const auto offset = bias == nullptr ? std::optional<at::Tensor>() : std::optional<at::Tensor>(*bias);
    const int64_t once[2] = {1, 1};
    Numbers numbers;
    if (activation == "hardtanh") {
      numbers.push_back(at::Scalar(what->bounds[0]));
      numbers.push_back(at::Scalar(what->bounds[1]));
    }
    if (other == nullptr) {
      const std::string_view algorithm = activation == "gelu" ? "none" : "";
      return new at::Tensor(unary().call(*input, *weight, offset, what->padding, what->stride, once, what->groups,
                                         activation, numbers, algorithm));
    }
    const auto last = activation == "none" ? std::optional<std::string_view>() : activation;
    return new at::Tensor(binary().call(*input, *other, *weight, offset, what->padding, what->stride, once,
                                        what->groups, "add", std::nullopt, last, numbers, std::nullopt));
  } catch (const std::exception &problem) {
    std::snprintf(error, capacity, "%s", problem.what());
  } catch (...) {
    std::snprintf(error, capacity, "unknown");
  }
  return nullptr;
}
}
