// What libtorch has and tch does not bind. mod.rs declares the same functions.
//
// Every function gives null or false with the reason in `error` where libtorch throws, and takes tensors as tch keeps
// them: pointers to at::Tensor. None of libtorch's CUDA headers is needed, so that one program serves both.

#include "error.h"

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/_fused_sgd.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/Scalar.h>

#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

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

// Handles on the same tensors.
std::vector<at::Tensor> list(const at::Tensor *const *tensors, size_t count) {
  std::vector<at::Tensor> all;
  all.reserve(count);
  for (size_t index = 0; tensors != nullptr && index < count; index++) {
    all.push_back(*tensors[index]);
  }
  return all;
}

std::optional<at::Tensor> found(const at::Tensor *unless) {
  return unless == nullptr ? std::optional<at::Tensor>() : std::optional<at::Tensor>(*unless);
}

} // namespace

extern "C" {

// What a convolution is.
struct GraftConvolution {
  int64_t padding[2];
  int64_t stride[2];
  int64_t groups;
  // oneDNN's name of what is applied at the end; "none" for nothing.
  const char *activation;
  // Its bounds, for "hardtanh".
  double bounds[2];
};

// The result as a new tensor. `bias` may be null. `other`: what is added before the activation (then "none" or "relu"),
// or null.
at::Tensor *graft_convolution(const at::Tensor *input, const at::Tensor *weight, const at::Tensor *bias,
                              const at::Tensor *other, const GraftConvolution *what, GraftError error) {
  return attempt<at::Tensor *>(error, nullptr, [&] {
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
  });
}

// Constants of a step of Adam.
struct GraftAdam {
  double rate;
  double beta1;
  double beta2;
  double epsilon;
  double weight_decay;
  // AdamW.
  bool is_decoupled;
};

// Updates `count` parameters and their moments in place. All tensors of one index have one layout. `steps`: the updates
// so far, this one included, a float scalar on the parameters' device. `unless`: null, or a float scalar there; where it is 1,
// nothing is changed.
bool graft_adam(const GraftAdam *what, const at::Tensor *const *parameters, const at::Tensor *const *gradients,
                const at::Tensor *const *first, const at::Tensor *const *second, const at::Tensor *steps,
                const at::Tensor *unless, size_t count, GraftError error) {
  return attempt(error, false, [&] {
    const at::NoGradGuard guard;
    const std::vector<at::Tensor> all_steps(count, *steps);
    const auto all_parameters = list(parameters, count), all_gradients = list(gradients, count);
    const auto all_first = list(first, count), all_second = list(second, count);
    if (what->is_decoupled) {
      at::_fused_adamw_(all_parameters, all_gradients, all_first, all_second, {}, all_steps, what->rate, what->beta1,
                        what->beta2, what->weight_decay, what->epsilon, false, false, std::nullopt, found(unless));
    } else {
      at::_fused_adam_(all_parameters, all_gradients, all_first, all_second, {}, all_steps, what->rate, what->beta1,
                       what->beta2, what->weight_decay, what->epsilon, false, false, std::nullopt, found(unless));
    }
    return true;
  });
}

// Constants of a step of SGD.
struct GraftSgd {
  double rate;
  double momentum;
  double weight_decay;
  bool nesterov;
  // The buffers hold nothing yet.
  bool is_first;
};

// As graft_adam; `buffers` null without momentum.
bool graft_sgd(const GraftSgd *what, const at::Tensor *const *parameters, const at::Tensor *const *gradients,
               const at::Tensor *const *buffers, const at::Tensor *unless, size_t count, GraftError error) {
  return attempt(error, false, [&] {
    const at::NoGradGuard guard;
    at::_fused_sgd_(list(parameters, count), list(gradients, count), list(buffers, count), what->weight_decay,
                    what->momentum, what->rate, 0.0, what->nesterov, false, what->is_first, std::nullopt, found(unless));
    return true;
  });
}

// Has this thread's operations on CUDA (or the CPU) choose bf16 (or fp16) by themselves where that is safe, or no more. The
// copies of weights that were made for it are dropped at the end.
bool graft_autocast(bool is_cuda, bool is_half, bool is_on, GraftError error) {
  return attempt(error, false, [&] {
    const auto device = is_cuda ? at::kCUDA : at::kCPU;
    at::autocast::set_autocast_enabled(device, is_on);
    if (is_on) {
      at::autocast::set_autocast_dtype(device, is_half ? at::kHalf : at::kBFloat16);
      at::autocast::increment_nesting();
    } else if (at::autocast::decrement_nesting() == 0) {
      at::autocast::clear_cache();
    }
    return true;
  });
}

// Where the random numbers of a CUDA device stand, or of the processor for a negative index.
at::Tensor *graft_generator_state(int32_t index, GraftError error) {
  return attempt<at::Tensor *>(error, nullptr, [&] {
    const auto device = index < 0 ? at::Device(at::kCPU) : at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(index));
    auto generator = at::globalContext().defaultGenerator(device);
    const std::lock_guard<std::mutex> lock(generator.mutex());
    return new at::Tensor(generator.get_state());
  });
}

bool graft_set_generator_state(int32_t index, const at::Tensor *state, GraftError error) {
  return attempt(error, false, [&] {
    const auto device = index < 0 ? at::Device(at::kCPU) : at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(index));
    auto generator = at::globalContext().defaultGenerator(device);
    const std::lock_guard<std::mutex> lock(generator.mutex());
    generator.set_state(*state);
    return true;
  });
}

// Bytes of a CUDA device.
struct GraftMemory {
  uint64_t free;
  uint64_t total;
  // In tensors at the moment, and at most since graft_forget_peak.
  uint64_t allocated;
  uint64_t peak;
  // Of `total`, what libtorch holds, in tensors or for the next ones.
  uint64_t reserved;
};

bool graft_memory(int32_t index, GraftMemory *memory, GraftError error) {
  return attempt(error, false, [&] {
    // The allocator knows its devices from the first use of CUDA on.
    at::globalContext().lazyInitDevice(at::kCUDA);
    auto *allocator = c10::getDeviceAllocator(at::kCUDA);
    const auto device = static_cast<c10::DeviceIndex>(index);
    const auto [free, total] = allocator->getMemoryInfo(device);
    const auto stats = allocator->getDeviceStats(device);
    const auto all = static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE);
    const auto &allocated = stats.allocated_bytes[all];
    *memory = {free, total, static_cast<uint64_t>(allocated.current), static_cast<uint64_t>(allocated.peak),
               static_cast<uint64_t>(stats.reserved_bytes[all].current)};
    return true;
  });
}

bool graft_forget_peak(int32_t index, GraftError error) {
  return attempt(error, false, [&] {
    at::globalContext().lazyInitDevice(at::kCUDA);
    c10::getDeviceAllocator(at::kCUDA)->resetPeakStats(static_cast<c10::DeviceIndex>(index));
    return true;
  });
}

// Gives what libtorch holds for the next tensors back to the devices.
bool graft_empty_cache(GraftError error) {
  return attempt(error, false, [&] {
    c10::getDeviceAllocator(at::kCUDA)->emptyCache();
    return true;
  });
}

// The same values in memory that a CUDA device can read by itself. (tch names a device, which libtorch warns of every time.)
at::Tensor *graft_pin(const at::Tensor *tensor, GraftError error) {
  return attempt<at::Tensor *>(error, nullptr, [&] { return new at::Tensor(tensor->pin_memory()); });
}
}
