// Operations of a tensor and a number. numbers.rs declares the same functions.

#include "error.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/add.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/div.h>
#include <ATen/ops/fill.h>
#include <ATen/ops/gt.h>
#include <ATen/ops/lerp.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/sub.h>
#include <c10/core/Scalar.h>

#include <cstdint>
#include <stdexcept>

extern "C" {

// A number, which keeps its kind: a whole one leaves tensors of whole numbers what they are.
struct GraftNumber {
  bool is_whole;
  int64_t whole;
  double real;
};

// What becomes of a tensor and a number; numbers.rs has them in the same order.
enum GraftWithNumber : int32_t { kAdd, kSub, kMul, kDiv, kGreater, kAddTo, kMulTo, kDivTo, kFill, kArange };

} // extern "C"

namespace {

at::Scalar scalar(GraftNumber number) { return number.is_whole ? at::Scalar(number.whole) : at::Scalar(number.real); }

at::Tensor with_number(GraftWithNumber operation, at::Tensor tensor, const at::Scalar &number) {
  switch (operation) {
  case kAdd:
    return at::add(tensor, number);
  case kSub:
    return at::sub(tensor, number);
  case kMul:
    return at::mul(tensor, number);
  case kDiv:
    return at::div(tensor, number);
  case kGreater:
    return at::gt(tensor, number);
  case kAddTo:
    return tensor.add_(number);
  case kMulTo:
    return tensor.mul_(number);
  case kDivTo:
    return tensor.div_(number);
  case kFill:
    return tensor.fill_(number);
  case kArange:
    return at::arange_out(tensor, number);
  }
  throw std::runtime_error("no such operation");
}

} // namespace

extern "C" {

// The result as a new handle, of the same tensor where the operation changes it.
at::Tensor *graft_with_number(int32_t operation, const at::Tensor *tensor, GraftNumber number, GraftError error) {
  return attempt<at::Tensor *>(error, nullptr, [&] {
    return new at::Tensor(with_number(static_cast<GraftWithNumber>(operation), *tensor, scalar(number)));
  });
}

at::Tensor *graft_clamp(const at::Tensor *tensor, double low, double high, bool is_in_place, GraftError error) {
  return attempt<at::Tensor *>(error, nullptr, [&] {
    at::Tensor changed = *tensor;
    return new at::Tensor(is_in_place ? at::clamp_(changed, at::Scalar(low), at::Scalar(high))
                                      : at::clamp(changed, at::Scalar(low), at::Scalar(high)));
  });
}

// tensor += weight * (other - tensor), in place.
at::Tensor *graft_lerp(const at::Tensor *tensor, const at::Tensor *other, double weight, GraftError error) {
  return attempt<at::Tensor *>(error, nullptr, [&] {
    at::Tensor changed = *tensor;
    return new at::Tensor(changed.lerp_(*other, at::Scalar(weight)));
  });
}
}
