// The stand-in cards' operations: each is done by the processor's kernel, on the same memory.
#include "card.h"
#include "counts.h"
#include "memory.h"
#include "settings.h"

#include <ATen/EmptyTensor.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>
#include <ATen/ops/add.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/relu.h>
#include <c10/core/DeviceGuard.h>
#include <torch/library.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <set>
#include <thread>

namespace {
using Stack = torch::jit::Stack;
using at::Tensor;
using Sizes = c10::SymIntArrayRef;

bool is_on_card(const Tensor &tensor) { return tensor.defined() && tensor.is_cuda(); }

// The same memory as the processor sees it.
Tensor on_processor(const Tensor &tensor) {
  if (!is_on_card(tensor)) {
    return tensor;
  }
  const auto options = at::TensorOptions().dtype(tensor.dtype());
  return at::from_blob(tensor.data_ptr(), tensor.sizes(), tensor.strides(), [kept = tensor.storage()](void *) {}, options);
}

Tensor empty_on_card(at::IntArrayRef sizes, at::IntArrayRef strides, at::ScalarType kind) {
  return at::detail::empty_strided_generic(sizes, strides, &card_memory(), c10::DispatchKeySet(c10::DispatchKey::CUDA), kind);
}

// A result of the processor's, copied into a card's memory.
Tensor to_card(const Tensor &tensor) {
  if (!tensor.defined() || tensor.is_cuda()) {
    return tensor;
  }
  auto copy = empty_on_card(tensor.sizes(), tensor.strides(), tensor.scalar_type());
  const auto there = tensor.storage().nbytes() - size_t(tensor.storage_offset()) * tensor.element_size();
  if (tensor.numel() > 0) {
    std::memcpy(copy.data_ptr(), tensor.data_ptr(), std::min(copy.storage().nbytes(), there));
  }
  return copy;
}

Tensor view_of(const Tensor &base, at::IntArrayRef sizes, at::IntArrayRef strides, int64_t offset) {
  auto view = at::detail::make_tensor<c10::TensorImpl>(c10::TensorImpl::VIEW, c10::Storage(base.storage()), base.key_set(),
                                                       base.dtype());
  view.unsafeGetTensorImpl()->set_sizes_and_strides(sizes, strides, offset);
  return view;
}

void count_copy_to_card(const Tensor &from, bool is_waited_for) {
  count("copies to card");
  count("bytes to card", int64_t(from.nbytes()));
  const bool is_pageable = !is_pinned(from.data_ptr());
  count("pageable copies", is_pageable);
  count("waited copies", is_pageable || is_waited_for);
  count("synchronisations", is_pageable || is_waited_for);
}

// What the first launch of an operation takes, by STAND_IN_SLOW.
void load_kernel(const std::string &name) {
  static const std::string text = setting("STAND_IN_SLOW", "");
  const auto colon = text.rfind(':');
  if (colon != std::string::npos && text.substr(0, colon) == name && count(name, 0) == 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(std::atoll(text.c_str() + colon + 1)));
  }
}

// Whether this launch, the `number`-th of an operation, is the one of STAND_IN_KILL.
bool is_last(const std::string &name, int64_t number) {
  static const std::string text = setting("STAND_IN_KILL", "");
  return !text.empty() && text == name + ":" + std::to_string(number);
}

// One operation on the card that its arguments are on, as a real card would take it.
void launch(const std::string &name) {
  const auto &card = card_settings().at(size_t(current_card));
  TORCH_CHECK(card.major * 10 + card.minor >= 75,
              "CUDA error: no kernel image is available for execution on the device");
  load_kernel(name);
  count("launches");
  if (is_last(name, count(name))) {
    std::raise(SIGKILL);
  }
  // Their results have sizes that only the card knows, or are numbers on the processor.
  static const std::set<std::string> waiting = {"aten::nonzero", "aten::masked_select", "aten::_unique2", "aten::unique_dim",
                                                "aten::unique_consecutive", "aten::equal", "aten::bincount",
                                                "aten::repeat_interleave"};
  count("synchronisations", waiting.count(name) > 0);
}

// The arguments of a call, seen by the processor.
class Arguments {
  const c10::FunctionSchema &schema;
  std::vector<c10::IValue> given;
  // What the processor's kernel is given. Kept until its results are taken: where it gives several of its arguments back,
  // libtorch takes them off the stack before it puts them there again, and nobody else may hold them.
  std::vector<c10::IValue> seen;
  // Places of results without elements, which the kernel makes as large as they must be.
  std::vector<std::pair<size_t, Tensor>> grown;
  std::optional<c10::DeviceIndex> card;

  Tensor translate(size_t place, const Tensor &tensor) {
    if (!is_on_card(tensor)) {
      const bool is_number = !tensor.defined() || tensor.dim() == 0;
      const bool is_index = schema.name().find("index") != std::string::npos && tensor.defined() && !tensor.is_floating_point();
      TORCH_CHECK(is_number || is_index, "Expected all tensors to be on the same device, but ", schema.name(), "'s “",
                  schema.arguments()[place].name(), "” is on cpu, different from other tensors on cuda");
      if (!is_number) {
        count_copy_to_card(tensor, true);
      }
      return tensor;
    }
    TORCH_CHECK(tensor.dim() == 0 || card.value_or(tensor.get_device()) == tensor.get_device(),
                "Expected all tensors to be on the same device, but found at least two devices, cuda:", int(card.value_or(0)),
                " and cuda:", int(tensor.get_device()), " (", schema.name(), ")");
    if (tensor.dim() > 0 || !card) {
      card = tensor.get_device();
    }
    return on_processor(tensor);
  }

  c10::IValue translate(size_t place, const c10::IValue &value) {
    const auto &argument = schema.arguments()[place];
    if (value.isTensor()) {
      const auto &tensor = value.toTensor();
      const bool is_written = argument.alias_info() != nullptr && argument.alias_info()->isWrite();
      if (is_written && is_on_card(tensor) && tensor.dim() == 1 && tensor.numel() == 0) {
        grown.emplace_back(place, at::empty({0}, at::TensorOptions().dtype(tensor.dtype())));
        return grown.back().second;
      }
      return translate(place, tensor);
    }
    if (value.isTensorList()) {
      auto all = value.toTensorVector();
      for (auto &tensor : all) {
        tensor = translate(place, tensor);
      }
      return all;
    }
    if (value.isOptionalTensorList()) {
      c10::List<std::optional<Tensor>> all;
      for (const std::optional<Tensor> tensor : value.toOptionalTensorList()) {
        all.push_back(tensor ? std::optional<Tensor>(translate(place, *tensor)) : std::nullopt);
      }
      return all;
    }
    if (value.isDevice()) {
      card = value.toDevice().has_index() ? value.toDevice().index() : current_card;
      return c10::Device(c10::kCPU);
    }
    const bool draws = argument.name() == "generator" && value.isNone();
    if (draws && setting("STAND_IN_DRAWS", "") != "processor") {
      return card_generator(card.value_or(current_card));
    }
    return value;
  }

  Tensor result(const Tensor &tensor, const c10::AliasInfo *alias) {
    if (!tensor.defined()) {
      return tensor;
    }
    if (alias == nullptr) {
      return to_card(tensor);
    }
    for (size_t place = 0; place < given.size(); place++) {
      const auto *other = schema.arguments()[place].alias_info();
      if (other == nullptr || !(*other == *alias) || !given[place].isTensor()) {
        continue;
      }
      const auto &base = given[place].toTensor();
      if (alias->isWrite() || !base.is_cuda()) {
        return base;
      }
      const auto bytes = static_cast<const char *>(tensor.data_ptr()) - static_cast<const char *>(base.storage().data());
      return view_of(base, tensor.sizes(), tensor.strides(), bytes / int64_t(tensor.element_size()));
    }
    return to_card(tensor);
  }

public:
  Arguments(const c10::FunctionSchema &schema, Stack *stack) : schema(schema) {
    const auto all = torch::jit::last(*stack, schema.arguments().size());
    given.assign(all.begin(), all.end());
    torch::jit::drop(*stack, given.size());
    // Tensors first: they say which card it is, whose random numbers are drawn.
    seen.resize(given.size());
    for (const bool is_first : {true, false}) {
      for (size_t place = 0; place < given.size(); place++) {
        if ((schema.arguments()[place].name() != "generator") == is_first) {
          seen[place] = translate(place, given[place]);
        }
      }
    }
    stack->insert(stack->end(), seen.begin(), seen.end());
  }

  c10::Device device() const { return {c10::kCUDA, card.value_or(current_card)}; }

  // What the processor's kernel has left on the stack, on the card.
  void take_results(Stack *stack) {
    for (auto &[place, tensor] : grown) {
      if (tensor.numel() == 0) {
        continue;
      }
      const auto &target = given[place].toTensor();
      target.unsafeGetTensorImpl()->shallow_copy_from(to_card(tensor).getIntrusivePtr());
    }
    const auto count = schema.returns().size();
    for (size_t place = 0; place < count; place++) {
      auto &value = (*stack)[stack->size() - count + place];
      const auto *alias = schema.returns()[place].alias_info();
      if (value.isTensor()) {
        value = result(value.toTensor(), alias);
      } else if (value.isTensorList() && alias == nullptr) {
        auto all = value.toTensorVector();
        for (auto &tensor : all) {
          tensor = to_card(tensor);
        }
        value = all;
      }
    }
  }
};

// Any operation that has a kernel for each kind of device.
void by_processor(const c10::OperatorHandle &operation, Stack *stack) {
  Arguments arguments(operation.schema(), stack);
  const c10::DeviceGuard guard(arguments.device());
  const auto &returns = operation.schema().returns();
  const bool is_view = !returns.empty() && returns[0].alias_info() != nullptr && !returns[0].alias_info()->isWrite();
  if (!is_view) {
    launch(operation.schema().name());
  }
  operation.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), stack);
  arguments.take_results(stack);
}

c10::Device device_of(std::optional<at::Device> device) {
  return device && device->has_index() ? *device : c10::Device(c10::kCUDA, current_card);
}

Tensor empty(Sizes sizes, std::optional<at::ScalarType> kind, std::optional<at::Layout>, std::optional<at::Device> device,
             std::optional<bool>, std::optional<at::MemoryFormat> format) {
  const c10::DeviceGuard guard(device_of(device));
  return at::detail::empty_generic(C10_AS_INTARRAYREF_SLOW(sizes), &card_memory(),
                                   c10::DispatchKeySet(c10::DispatchKey::CUDA), kind.value_or(at::kFloat), format);
}

Tensor empty_strided(Sizes sizes, Sizes strides, std::optional<at::ScalarType> kind, std::optional<at::Layout>,
                     std::optional<at::Device> device, std::optional<bool>) {
  const c10::DeviceGuard guard(device_of(device));
  return empty_on_card(C10_AS_INTARRAYREF_SLOW(sizes), C10_AS_INTARRAYREF_SLOW(strides), kind.value_or(at::kFloat));
}

const Tensor &resize_(const Tensor &tensor, Sizes sizes, std::optional<at::MemoryFormat>) {
  const c10::DeviceGuard guard(tensor.device());
  const auto plain = C10_AS_INTARRAYREF_SLOW(sizes);
  const auto needed = size_t(tensor.storage_offset() + c10::multiply_integers(plain)) * tensor.element_size();
  auto &storage = *tensor.storage().unsafeGetStorageImpl();
  if (needed > storage.nbytes()) {
    auto larger = card_memory().allocate(needed);
    std::memcpy(larger.get(), storage.data(), storage.nbytes());
    storage.set_data_ptr_noswap(std::move(larger));
    storage.set_nbytes(needed);
  }
  tensor.unsafeGetTensorImpl()->set_sizes_contiguous(plain);
  return tensor;
}

Tensor as_strided(const Tensor &tensor, Sizes sizes, Sizes strides, std::optional<c10::SymInt> offset) {
  return view_of(tensor, C10_AS_INTARRAYREF_SLOW(sizes), C10_AS_INTARRAYREF_SLOW(strides),
                 offset ? offset->expect_int() : tensor.storage_offset());
}

Tensor &copy_(Tensor &to, const Tensor &from, bool non_blocking) {
  const c10::DeviceGuard guard(is_on_card(to) ? to.device() : from.device());
  if (is_on_card(to) && is_on_card(from)) {
    launch("aten::copy_");
  } else if (is_on_card(to)) {
    count_copy_to_card(from, !non_blocking);
  } else {
    count("copies from card");
    count("bytes from card", int64_t(from.nbytes()));
    count("synchronisations", !(non_blocking && is_pinned(to.data_ptr())));
  }
  auto target = on_processor(to);
  target.copy_(on_processor(from));
  return to;
}

at::Scalar item(const Tensor &tensor) {
  count("synchronisations");
  count("copies from card");
  return on_processor(tensor).item();
}

void record_stream(Tensor &, c10::Stream) {}

// Attention step by step, which both kinds of device have.
int64_t attention_choice(const Tensor &, const Tensor &, const Tensor &, const std::optional<Tensor> &, double, bool,
                         std::optional<double>, bool) {
  return 0;
}

std::tuple<Tensor, Tensor> dropout(const Tensor &input, double share, std::optional<bool> is_training) {
  const c10::DeviceGuard guard(input.device());
  launch("aten::native_dropout");
  auto here = on_processor(input);
  auto mask = at::empty_like(here, here.options().dtype(at::kBool));
  if (!is_training.value_or(true)) {
    return {to_card(here.clone()), to_card(mask.fill_(true))};
  }
  const bool is_own = setting("STAND_IN_DRAWS", "") != "processor";
  mask.bernoulli_(1 - share, is_own ? std::optional(card_generator(input.get_device())) : std::nullopt);
  return {to_card(here.mul(mask).mul_(share == 1 ? 0 : 1 / (1 - share))), to_card(mask)};
}

// cuDNN's convolutions with what comes after them, in one launch.
Tensor convolution_relu(const Tensor &input, const Tensor &weight, const std::optional<Tensor> &bias, Sizes stride,
                        Sizes padding, Sizes dilation, c10::SymInt groups) {
  const c10::DeviceGuard guard(input.device());
  launch("aten::cudnn_convolution_relu");
  auto sum = at::convolution_symint(on_processor(input), on_processor(weight),
                                    bias ? std::optional(on_processor(*bias)) : std::nullopt, stride, padding, dilation,
                                    false, c10::SymIntArrayRef({0, 0}), groups);
  return to_card(sum.relu_());
}

Tensor convolution_add_relu(const Tensor &input, const Tensor &weight, const Tensor &other,
                            const std::optional<at::Scalar> &factor, const std::optional<Tensor> &bias, Sizes stride,
                            Sizes padding, Sizes dilation, c10::SymInt groups) {
  const c10::DeviceGuard guard(input.device());
  launch("aten::cudnn_convolution_add_relu");
  auto sum = at::convolution_symint(on_processor(input), on_processor(weight),
                                    bias ? std::optional(on_processor(*bias)) : std::nullopt, stride, padding, dilation,
                                    false, c10::SymIntArrayRef({0, 0}), groups);
  sum.add_(on_processor(other), factor.value_or(1));
  return to_card(sum.relu_());
}
} // namespace

TORCH_LIBRARY_IMPL(_, CUDA, library) { library.fallback(torch::CppFunction::makeFromBoxedFunction<&by_processor>()); }

TORCH_LIBRARY_IMPL(aten, CUDA, library) {
  library.impl("empty.memory_format", empty);
  library.impl("empty_strided", empty_strided);
  library.impl("resize_", resize_);
  library.impl("as_strided", as_strided);
  library.impl("copy_", copy_);
  library.impl("_local_scalar_dense", item);
  library.impl("record_stream", record_stream);
  library.impl("_fused_sdp_choice", attention_choice);
  library.impl("native_dropout", dropout);
  library.impl("cudnn_convolution_relu", convolution_relu);
  library.impl("cudnn_convolution_add_relu", convolution_add_relu);
  // Made of others on the processor, and one launch on a card.
  for (const char *name : {"convolution", "convolution_backward"}) {
    library.impl(name, torch::CppFunction::makeFromBoxedFunction<&by_processor>());
  }
  for (const auto &name : c10::Dispatcher::singleton().getAllOpNames()) {
    if (name.name.rfind("aten::_foreach_", 0) == 0) {
      const auto text = name.name.substr(6) + (name.overload_name.empty() ? "" : "." + name.overload_name);
      library.impl(text.c_str(), torch::CppFunction::makeFromBoxedFunction<&by_processor>());
    }
  }
}
