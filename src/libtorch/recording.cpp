// Writes down which of libtorch's operations a forward pass calls, with what. recording.rs declares the same functions.
//
// libtorch tells observers of every operation (at::RecordFunction). Those that an operation calls itself are passed over,
// so that what is left is what the network says: conv2d, and not what a convolution is made of.

// libtorch was built with it, and at::RecordFunction holds more without.
#ifndef NDEBUG
#define NDEBUG
#endif

#include "error.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/function_schema.h>
#include <ATen/core/ivalue.h>
#include <ATen/record_function.h>
#include <c10/util/intrusive_ptr.h>

#include <cmath>
#include <memory>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

// What a tensor held at some time. One that is changed in place is another value afterwards.
struct Value {
  std::vector<int64_t> shape;
  std::string kind;
  // Whether it was made from the pass's input.
  bool depends;
  // Kept only where it does not.
  at::Tensor constant;
  // How often its memory had been written to.
  uint32_t version;
  // Whether what depends on the input was made with it.
  bool is_used = false;
};

struct Recording {
  std::vector<Value> values;
  // By the address of a TensorImpl: its present value.
  std::unordered_map<const void *, size_t> present;
  // Keep those addresses from being used again, though not the memory of the numbers.
  std::vector<c10::weak_intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>> seen;
  // One JSON object after the other, with commas.
  std::string operations;
  // The outermost operation that runs now: its text, the values that it reads, the tensors that it writes to, and whether it
  // reads what depends on the input.
  std::string running;
  std::vector<size_t> reads;
  std::vector<const void *> written;
  bool depends = false;
  size_t depth = 0;
  size_t input = 0;
  size_t output = 0;
  std::string problem;
  std::string text;
  at::CallbackHandle handle = at::INVALID_CALLBACK_HANDLE;
};

thread_local Recording *current = nullptr;

void append_text(std::string &out, const std::string &text) {
  out += '"';
  for (const unsigned char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", c);
      out += escaped;
    } else {
      out += static_cast<char>(c);
    }
  }
  out += '"';
}

void append_number(std::string &out, double value) {
  // JSON has no word for the others.
  if (!std::isfinite(value)) {
    append_text(out, std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
    return;
  }
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", value);
  out += text;
}

std::vector<int64_t> shape_of(const at::Tensor &tensor) {
  const auto sizes = tensor.sizes();
  return {sizes.begin(), sizes.end()};
}

uint32_t version_of(const at::Tensor &tensor) { return tensor.is_inference() ? 0 : tensor._version(); }

size_t add(Recording &recording, const at::Tensor &tensor, bool depends) {
  const auto *address = tensor.unsafeGetTensorImpl();
  if (recording.present.find(address) == recording.present.end()) {
    recording.seen.emplace_back(tensor.getIntrusivePtr());
  }
  const auto number = recording.values.size();
  recording.values.push_back({shape_of(tensor), c10::toString(tensor.scalar_type()), depends,
                              depends ? at::Tensor() : tensor, version_of(tensor)});
  recording.present[address] = number;
  return number;
}

// The value that an operation reads; one that nothing made before is a weight or another constant.
size_t read(Recording &recording, const at::Tensor &tensor) {
  const auto found = recording.present.find(tensor.unsafeGetTensorImpl());
  const auto number = found == recording.present.end() ? add(recording, tensor, false) : found->second;
  const auto &value = recording.values[number];
  if (value.version != version_of(tensor) && recording.problem.empty()) {
    recording.problem = "a value was changed in place through another one";
  }
  recording.depends |= value.depends;
  recording.reads.push_back(number);
  return number;
}

template <typename List, typename Each> void append_list(std::string &out, const List &list, Each each) {
  out += '[';
  bool is_first = true;
  for (const auto &item : list) {
    if (!is_first) {
      out += ',';
    }
    is_first = false;
    each(item);
  }
  out += ']';
}

void append_argument(Recording &recording, std::string &out, const c10::IValue &argument) {
  const auto append_value = [&](const at::Tensor &tensor) {
    out += tensor.defined() ? std::to_string(read(recording, tensor)) : "null";
  };
  if (argument.isNone()) {
    out += "{\"none\":null}";
  } else if (argument.isTensor()) {
    const auto &tensor = argument.toTensor();
    out += tensor.defined() ? "{\"tensor\":" : "{\"none\":";
    append_value(tensor);
    out += '}';
  } else if (argument.isTensorList()) {
    out += "{\"tensors\":";
    append_list(out, argument.toTensorVector(), append_value);
    out += '}';
  } else if (argument.isOptionalTensorList()) {
    out += "{\"tensors\":";
    append_list(out, argument.toOptionalTensorVector(),
                [&](const std::optional<at::Tensor> &tensor) { append_value(tensor.value_or(at::Tensor())); });
    out += '}';
  } else if (argument.isBool()) {
    out += argument.toBool() ? "{\"bool\":true}" : "{\"bool\":false}";
  } else if (argument.isInt()) {
    out += "{\"int\":" + std::to_string(argument.toInt()) + '}';
  } else if (argument.isDouble()) {
    out += "{\"float\":";
    append_number(out, argument.toDouble());
    out += '}';
  } else if (argument.isIntList()) {
    out += "{\"ints\":";
    append_list(out, argument.toIntVector(), [&](int64_t value) { out += std::to_string(value); });
    out += '}';
  } else if (argument.isDoubleList()) {
    out += "{\"floats\":";
    append_list(out, argument.toDoubleVector(), [&](double value) { append_number(out, value); });
    out += '}';
  } else if (argument.isBoolList()) {
    out += "{\"ints\":";
    append_list(out, argument.toBoolList().vec(), [&](bool value) { out += value ? '1' : '0'; });
    out += '}';
  } else if (argument.isString()) {
    out += "{\"text\":";
    append_text(out, argument.toStringRef());
    out += '}';
  } else if (argument.isDevice()) {
    out += "{\"text\":";
    append_text(out, argument.toDevice().str());
    out += '}';
  } else {
    out += "{\"other\":";
    append_text(out, argument.tagKind());
    out += '}';
  }
}

void append_outputs(Recording &recording, std::string &out, const c10::IValue &output, bool &is_first) {
  const auto append = [&](const at::Tensor &tensor) {
    if (!is_first) {
      out += ',';
    }
    is_first = false;
    if (!tensor.defined()) {
      out += "null";
      return;
    }
    const void *address = tensor.unsafeGetTensorImpl();
    const auto found = recording.present.find(address);
    bool is_written = false;
    for (const void *one : recording.written) {
      is_written |= one == address;
    }
    // What gives its argument back makes nothing.
    const bool is_argument = found != recording.present.end() && !is_written;
    out += std::to_string(is_argument ? found->second : add(recording, tensor, recording.depends));
  };
  if (output.isTensor()) {
    append(output.toTensor());
  } else if (output.isTensorList()) {
    for (const at::Tensor &tensor : output.toTensorVector()) {
      append(tensor);
    }
  } else if (output.isTuple()) {
    for (const auto &part : output.toTupleRef().elements()) {
      append_outputs(recording, out, part, is_first);
    }
  }
}

void begin_operation(Recording &recording, const at::RecordFunction &function) {
  recording.depends = false;
  recording.reads.clear();
  recording.written.clear();
  const auto name = function.operator_name();
  const auto schema = function.operator_schema();
  if (!name.has_value() || !schema.has_value()) {
    recording.problem = std::string("an operation without a schema: ") + function.name();
    return;
  }
  auto &out = recording.running;
  out = "{\"name\":";
  append_text(out, name->name);
  out += ",\"overload\":";
  append_text(out, name->overload_name);
  out += ",\"arguments\":[";
  const auto arguments = function.inputs();
  for (size_t index = 0; index < arguments.size(); index++) {
    if (index > 0) {
      out += ',';
    }
    append_argument(recording, out, arguments[index]);
    const auto *alias = schema->arguments()[index].alias_info();
    if (alias != nullptr && alias->isWrite() && arguments[index].isTensor()) {
      recording.written.push_back(arguments[index].toTensor().unsafeGetTensorImpl());
    }
  }
  out += "],\"outputs\":[";
}

void end_operation(Recording &recording, const at::RecordFunction &function) {
  for (const auto number : recording.reads) {
    recording.values[number].is_used |= recording.depends;
  }
  auto &out = recording.running;
  bool is_first = true;
  for (const auto &output : function.outputs()) {
    append_outputs(recording, out, output, is_first);
  }
  out += "]}";
  if (!recording.operations.empty()) {
    recording.operations += ',';
  }
  recording.operations += out;
  out.clear();
}

// Nothing may be thrown through libtorch's observers.
template <typename Work> void guarded(Recording &recording, Work work) {
  if (!recording.problem.empty()) {
    return;
  }
  try {
    work();
  } catch (const std::exception &problem) {
    recording.problem = problem.what();
  }
}

std::unique_ptr<at::ObserverContext> begins(const at::RecordFunction &function) {
  if (current != nullptr && current->depth++ == 0) {
    guarded(*current, [&] { begin_operation(*current, function); });
  }
  return nullptr;
}

void ends(const at::RecordFunction &function, at::ObserverContext *) {
  if (current != nullptr && current->depth > 0 && --current->depth == 0) {
    guarded(*current, [&] { end_operation(*current, function); });
  }
}

void stop(Recording &recording) {
  if (recording.handle != at::INVALID_CALLBACK_HANDLE) {
    at::removeCallback(recording.handle);
    recording.handle = at::INVALID_CALLBACK_HANDLE;
  }
  if (current == &recording) {
    current = nullptr;
  }
}

} // namespace

extern "C" {

// Listens to this thread's operations until graft_recording_end; what is made from `input` counts as its consequence.
Recording *graft_recording_begin(const at::Tensor *input, GraftError error) {
  return attempt<Recording *>(error, nullptr, [&] {
    if (current != nullptr) {
      throw std::runtime_error("this thread is being recorded already");
    }
    auto recording = std::make_unique<Recording>();
    recording->input = add(*recording, *input, true);
    recording->handle = at::addThreadLocalCallback(at::RecordFunctionCallback(begins, ends)
                                                       .needsInputs(true)
                                                       .needsOutputs(true)
                                                       .scopes({at::RecordScope::FUNCTION}));
    current = recording.get();
    return recording.release();
  });
}

// What was called, as JSON that lives as long as the recording. `output`: what the pass gave; null where it failed.
const char *graft_recording_end(Recording *recording, const at::Tensor *output, GraftError error) {
  stop(*recording);
  return attempt<const char *>(error, nullptr, [&] {
    if (output == nullptr) {
      throw std::runtime_error("the recorded pass failed");
    }
    if (!recording->problem.empty()) {
      throw std::runtime_error(recording->problem);
    }
    recording->output = read(*recording, *output);
    auto &out = recording->text;
    out = "{\"input\":" + std::to_string(recording->input) + ",\"output\":" + std::to_string(recording->output) +
          ",\"operations\":[" + recording->operations + "],\"values\":";
    append_list(out, recording->values, [&](const Value &value) {
      out += "{\"shape\":";
      append_list(out, value.shape, [&](int64_t side) { out += std::to_string(side); });
      out += ",\"kind\":";
      append_text(out, value.kind);
      out += value.depends ? ",\"depends\":true}" : ",\"depends\":false}";
    });
    out += '}';
    for (const auto &value : recording->values) {
      if (value.is_used && !value.depends && value.version != version_of(value.constant)) {
        throw std::runtime_error("a constant was changed while it was used");
      }
    }
    return out.c_str();
  });
}

// A handle on the constant `index`; null for what depends on the input.
at::Tensor *graft_recording_constant(const Recording *recording, size_t index, GraftError error) {
  return attempt<at::Tensor *>(error, nullptr, [&]() -> at::Tensor * {
    const auto &value = recording->values.at(index);
    if (!value.constant.defined()) {
      throw std::runtime_error("this value is no constant");
    }
    return new at::Tensor(value.constant);
  });
}

void graft_recording_free(Recording *recording) {
  stop(*recording);
  delete recording;
}
}
