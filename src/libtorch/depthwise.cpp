// Depthwise convolutions that learn on the CPU. The gradient of a 5 x 5 or 7 x 7 kernel, for which oneDNN has no kernel of
// its own (its way for grouped convolutions in general takes 10 to 60 times as long), is computed here; all else is
// libtorch's.

#include "error.h"

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

// Channels that are worked on side by side: one vector of AVX-512, several of smaller ones.
constexpr int64_t LANES = 16;
typedef float Vector __attribute__((vector_size(LANES * sizeof(float))));
typedef uint16_t Halves __attribute__((vector_size(LANES * sizeof(uint16_t))));
typedef uint32_t Words __attribute__((vector_size(LANES * sizeof(uint32_t))));

// A vector in memory. (As an element of std::vector, Vector itself would lose its alignment.)
struct alignas(LANES * sizeof(float)) StoredVector {
  float values[LANES];
};

// How vectors are passed depends on the processor that a function is compiled for: what takes or gives some must become
// part of its caller.
#define INLINE inline __attribute__((always_inline))

// What the gradient is computed from. Inputs and outputs are channels-last.
struct Work {
  int64_t pictures, channels, height, width, out_height, out_width, stride, pad_down, pad_across;
};

INLINE Vector load(const float *from) {
  Vector vector;
  std::memcpy(&vector, from, sizeof vector);
  return vector;
}

INLINE void store(const Vector &vector, StoredVector &to) { std::memcpy(to.values, &vector, sizeof vector); }

INLINE Vector load(const c10::BFloat16 *from) {
  Halves halves;
  std::memcpy(&halves, from, sizeof halves);
  const Words words = __builtin_convertvector(halves, Words) << 16;
  Vector vector;
  std::memcpy(&vector, &words, sizeof vector);
  return vector;
}

// `lanes` channels of a position, zeros behind them.
template <typename Number> INLINE Vector load_some(const Number *from, int64_t lanes) {
  if (lanes == LANES) {
    return load(from);
  }
  Number some[LANES] = {};
  std::copy(from, from + lanes, some);
  return load(some);
}

// Adds what `ROWS` rows of the kernel, from `first` on, get from one picture. The sums stay in registers.
template <int KERNEL, int ROWS>
INLINE void accumulate(const Work &work, const StoredVector *padded, const StoredVector *gradient, int first,
                       Vector *sums) {
  const int64_t across = work.width + 2 * work.pad_across;
  Vector local[ROWS * KERNEL];
  for (int tap = 0; tap < ROWS * KERNEL; tap++) {
    local[tap] = sums[first * KERNEL + tap];
  }
  for (int64_t y = 0; y < work.out_height; y++) {
    const StoredVector *row = padded + (y * work.stride + first) * across;
    for (int64_t x = 0; x < work.out_width; x++) {
      const Vector weight = load(gradient[y * work.out_width + x].values);
      const StoredVector *at = row + x * work.stride;
#pragma GCC unroll 7
      for (int i = 0; i < ROWS; i++) {
#pragma GCC unroll 7
        for (int j = 0; j < KERNEL; j++) {
          local[i * KERNEL + j] += weight * load(at[i * across + j].values);
        }
      }
    }
  }
  for (int tap = 0; tap < ROWS * KERNEL; tap++) {
    sums[first * KERNEL + tap] = local[tap];
  }
}

// The gradient of the kernels of one block of channels.
template <typename Number, int KERNEL>
INLINE void block(const Work &work, const Number *input, const Number *output_gradient,
                                                 int64_t channel, float *result) {
  const int64_t lanes = std::min(LANES, work.channels - channel);
  const int64_t across = work.width + 2 * work.pad_across, down = work.height + 2 * work.pad_down;
  // Zeros around, so that no tap asks where it is.
  std::vector<StoredVector> padded(down * across), gradient(work.out_height * work.out_width);
  Vector sums[KERNEL * KERNEL] = {};
  for (int64_t picture = 0; picture < work.pictures; picture++) {
    const Number *from = input + picture * work.height * work.width * work.channels + channel;
    for (int64_t y = 0; y < work.height; y++) {
      StoredVector *to = padded.data() + (y + work.pad_down) * across + work.pad_across;
      for (int64_t x = 0; x < work.width; x++, from += work.channels) {
        store(load_some(from, lanes), to[x]);
      }
    }
    const int64_t positions = work.out_height * work.out_width;
    from = output_gradient + picture * positions * work.channels + channel;
    for (int64_t position = 0; position < positions; position++, from += work.channels) {
      store(load_some(from, lanes), gradient[position]);
    }
    if constexpr (KERNEL == 5) {
      accumulate<5, 5>(work, padded.data(), gradient.data(), 0, sums);
    } else {
      accumulate<7, 3>(work, padded.data(), gradient.data(), 0, sums);
      accumulate<7, 3>(work, padded.data(), gradient.data(), 3, sums);
      accumulate<7, 1>(work, padded.data(), gradient.data(), 6, sums);
    }
  }
  for (int64_t lane = 0; lane < lanes; lane++) {
    for (int tap = 0; tap < KERNEL * KERNEL; tap++) {
      result[(channel + lane) * KERNEL * KERNEL + tap] = sums[tap][lane];
    }
  }
}

template <typename Number, int KERNEL>
void block_anywhere(const Work &work, const Number *input, const Number *gradient, int64_t channel, float *result) {
  block<Number, KERNEL>(work, input, gradient, channel, result);
}

#if defined(__x86_64__)
template <typename Number, int KERNEL>
__attribute__((target("avx512f,avx512bw,avx512vl,fma"))) void
block_avx512(const Work &work, const Number *input, const Number *gradient, int64_t channel, float *result) {
  block<Number, KERNEL>(work, input, gradient, channel, result);
}

template <typename Number, int KERNEL>
__attribute__((target("avx2,fma"))) void block_avx2(const Work &work, const Number *input, const Number *gradient,
                                                    int64_t channel, float *result) {
  block<Number, KERNEL>(work, input, gradient, channel, result);
}
#endif

template <typename Number, int KERNEL> auto best_block() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    return &block_avx512<Number, KERNEL>;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    return &block_avx2<Number, KERNEL>;
  }
#endif
  return &block_anywhere<Number, KERNEL>;
}

template <typename Number, int KERNEL>
void all_blocks(const Work &work, const at::Tensor &input, const at::Tensor &gradient, float *result) {
  static const auto each = best_block<Number, KERNEL>();
  const auto *in = input.const_data_ptr<Number>();
  const auto *out = gradient.const_data_ptr<Number>();
  const int64_t blocks = (work.channels + LANES - 1) / LANES;
  at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; index++) {
      each(work, in, out, index * LANES, result);
    }
  });
}

// [channels, 1, kernel, kernel] in single precision; each channel is summed in one order, however many threads there are.
at::Tensor kernel_gradient(const at::Tensor &input, const at::Tensor &gradient, int64_t kernel, int64_t stride,
                           at::IntArrayRef padding) {
  const auto x = input.contiguous(at::MemoryFormat::ChannelsLast);
  const auto g = gradient.to(input.scalar_type()).contiguous(at::MemoryFormat::ChannelsLast);
  const Work work = {x.size(0), x.size(1), x.size(2), x.size(3), g.size(2), g.size(3), stride, padding[0], padding[1]};
  auto result = at::empty({work.channels, 1, kernel, kernel}, x.options().dtype(at::kFloat));
  auto *to = result.mutable_data_ptr<float>();
  const bool is_rounded = x.scalar_type() == at::kBFloat16;
  if (kernel == 5) {
    is_rounded ? all_blocks<c10::BFloat16, 5>(work, x, g, to) : all_blocks<float, 5>(work, x, g, to);
  } else {
    is_rounded ? all_blocks<c10::BFloat16, 7>(work, x, g, to) : all_blocks<float, 7>(work, x, g, to);
  }
  return result;
}

struct Depthwise : torch::autograd::Function<Depthwise> {
  static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &input, const at::Tensor &weight,
                            const std::optional<at::Tensor> &bias, int64_t stride, std::vector<int64_t> padding) {
    const at::AutoDispatchBelowADInplaceOrView guard;
    context->save_for_backward({input, weight});
    context->saved_data["stride"] = stride;
    context->saved_data["padding"] = padding;
    context->saved_data["has_bias"] = bias.has_value();
    return at::conv2d(input, weight, bias, stride, padding, 1, input.size(1));
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &input = saved[0], &weight = saved[1];
    const auto &gradient = gradients[0];
    const int64_t stride = context->saved_data["stride"].toInt();
    const auto padding = context->saved_data["padding"].toIntVector();
    const bool has_bias = context->saved_data["has_bias"].toBool();
    at::Tensor of_input, of_weight, of_bias;
    const bool needs_input = context->needs_input_grad(0);
    if (needs_input || has_bias) {
      const int64_t strides[2] = {stride, stride}, once[2] = {1, 1}, none[2] = {0, 0};
      // The reference below does not keep it.
      const int64_t outputs = weight.size(0);
      const auto sizes = has_bias ? at::OptionalIntArrayRef(outputs) : at::OptionalIntArrayRef();
      std::tie(of_input, std::ignore, of_bias) =
          at::convolution_backward(gradient, input, weight, sizes, strides, padding, once, false, none, input.size(1),
                                   {needs_input, false, has_bias});
    }
    if (context->needs_input_grad(1)) {
      of_weight = kernel_gradient(input, gradient, weight.size(2), stride, padding).to(weight.scalar_type());
    }
    return {of_input, of_weight, of_bias, at::Tensor(), at::Tensor()};
  }
};

} // namespace

extern "C" {

// The convolution of each channel [N, C, H, W] with its own kernel [C, 1, K, K], K 5 or 7, on the CPU, as at::conv2d
// gives it. `bias` may be null.
at::Tensor *graft_depthwise(const at::Tensor *input, const at::Tensor *weight, const at::Tensor *bias, int64_t stride,
                            const int64_t *padding, GraftError error) {
  return attempt<at::Tensor *>(error, nullptr, [&] {
    const int64_t kernel = weight->size(2);
    TORCH_CHECK((kernel == 5 || kernel == 7) && weight->size(3) == kernel && weight->size(1) == 1 &&
                    input->dim() == 4 && input->size(1) == weight->size(0) && input->device().is_cpu(),
                "no depthwise convolution with a 5 x 5 or 7 x 7 kernel on the CPU");
    // As at::conv2d is treated under autocast.
    const bool is_mixed = at::autocast::is_autocast_enabled(at::kCPU);
    const auto rounded = [&](const at::Tensor &tensor) {
      return is_mixed ? tensor.to(at::autocast::get_autocast_dtype(at::kCPU)) : tensor;
    };
    const auto offset = bias == nullptr ? std::optional<at::Tensor>() : std::optional<at::Tensor>(rounded(*bias));
    return new at::Tensor(Depthwise::apply(rounded(*input), rounded(*weight), offset, stride,
                                           std::vector<int64_t>{padding[0], padding[1]}));
  });
}
}
