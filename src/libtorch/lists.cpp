// Operations over many tensors at once: on a graphics card a kernel or two for all of them, on the processor one tensor
// after the other.

#include "error.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_amp_foreach_non_finite_check_and_unscale.h>
#include <ATen/ops/_amp_update_scale.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcdiv.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <ATen/ops/_foreach_sub.h>

#include <cstdint>
#include <vector>

namespace {

// Handles on the same tensors.
std::vector<at::Tensor> list(const at::Tensor *const *tensors, size_t count) {
  std::vector<at::Tensor> all;
  all.reserve(count);
  for (size_t index = 0; tensors != nullptr && index < count; index++) {
    all.push_back(*tensors[index]);
  }
  return all;
}

} // namespace

extern "C" {

// Copies every source into its target.
bool graft_copy_all(const at::Tensor *const *targets, const at::Tensor *const *sources, size_t count, GraftError error) {
  return attempt(error, false, [&] {
    const at::NoGradGuard guard;
    at::_foreach_copy_(list(targets, count), list(sources, count));
    return true;
  });
}

// target += weight * (other - target), in place.
bool graft_lerp_all(const at::Tensor *const *targets, const at::Tensor *const *others, size_t count, double weight,
                    GraftError error) {
  return attempt(error, false, [&] {
    const at::NoGradGuard guard;
    at::_foreach_lerp_(list(targets, count), list(others, count), at::Scalar(weight));
    return true;
  });
}

// Constants of a step of RMSprop.
struct GraftRmsProp {
  double rate;
  double alpha;
  double epsilon;
  double momentum;
};

// Updates `count` parameters and their averages in place. `gradients`, decay included, are used up, and `work` is memory of
// their shapes: nothing is allocated on the way, so that a step is done or not.
bool graft_rmsprop(const GraftRmsProp *what, const at::Tensor *const *parameters, const at::Tensor *const *gradients,
                   const at::Tensor *const *squares, const at::Tensor *const *buffers, const at::Tensor *const *work,
                   size_t count, GraftError error) {
  return attempt(error, false, [&] {
    const at::NoGradGuard guard;
    const auto all_parameters = list(parameters, count), all_gradients = list(gradients, count);
    const auto all_squares = list(squares, count), all_buffers = list(buffers, count), all_work = list(work, count);
    at::_foreach_copy_(all_work, all_gradients);
    at::_foreach_mul_(all_work, all_gradients);
    at::_foreach_lerp_(all_squares, all_work, at::Scalar(1.0 - what->alpha));
    at::_foreach_copy_(all_work, all_squares);
    at::_foreach_sqrt_(all_work);
    at::_foreach_add_(all_work, at::Scalar(what->epsilon));
    if (what->momentum > 0.0) {
      at::_foreach_mul_(all_buffers, at::Scalar(what->momentum));
      at::_foreach_addcdiv_(all_buffers, all_gradients, all_work);
      at::_foreach_copy_(all_work, all_buffers);
    } else {
      at::_foreach_div_(all_gradients, all_work);
      at::_foreach_copy_(all_work, all_gradients);
    }
    at::_foreach_mul_(all_work, at::Scalar(what->rate));
    at::_foreach_sub_(all_parameters, all_work);
    return true;
  });
}

// Divides gradients by the scale that their loss was multiplied by, in place; `found` becomes 1 where one of them is no
// number. All scalars on the gradients' device.
bool graft_unscale(const at::Tensor *const *gradients, size_t count, const at::Tensor *found, const at::Tensor *inverse,
                   GraftError error) {
  return attempt(error, false, [&] {
    const at::NoGradGuard guard;
    at::Tensor verdict = *found;
    at::_amp_foreach_non_finite_check_and_unscale_(list(gradients, count), verdict, *inverse);
    return true;
  });
}

// After a step: half of the scale where it was too large, twice as much after 2000 steps where it was not.
bool graft_update_scale(const at::Tensor *scale, const at::Tensor *growth, const at::Tensor *found, GraftError error) {
  return attempt(error, false, [&] {
    const at::NoGradGuard guard;
    at::Tensor now = *scale, tracker = *growth;
    at::_amp_update_scale_(now, tracker, *found, 2.0, 0.5, 2000);
    return true;
  });
}
}
