// A stand-in for the NVIDIA driver (libcuda.so.1), as far as cuda.h is asked before libtorch is.
#include "settings.h"

#include <cstring>

namespace {
constexpr int NO_DEVICE = 100, NOT_INITIALIZED = 3, INVALID = 101;
bool is_initialized = false;

const CardSetting *card(int device) {
  const auto &all = card_settings();
  return device >= 0 && size_t(device) < all.size() ? &all[device] : nullptr;
}
} // namespace

extern "C" {
int cuInit(unsigned) {
  const int answer = driver_init();
  if (answer != 0) {
    return answer;
  }
  is_initialized = !card_settings().empty();
  return is_initialized ? 0 : NO_DEVICE;
}

// The real one answers without cuInit, too.
int cuDriverGetVersion(int *version) {
  *version = driver_version();
  return 0;
}

int cuDeviceGetCount(int *count) {
  *count = int(card_settings().size());
  return is_initialized ? 0 : NOT_INITIALIZED;
}

int cuDeviceGet(int *device, int index) {
  *device = index;
  return !is_initialized ? NOT_INITIALIZED : card(index) == nullptr ? INVALID : 0;
}

int cuDeviceGetName(char *name, int bytes, int device) {
  if (card(device) == nullptr) {
    return INVALID;
  }
  std::strncpy(name, card(device)->name.c_str(), size_t(bytes));
  return 0;
}

int cuDeviceTotalMem_v2(size_t *bytes, int device) {
  if (card(device) == nullptr) {
    return INVALID;
  }
  *bytes = card(device)->bytes;
  return 0;
}

// Major and minor compute capability.
int cuDeviceGetAttribute(int *value, int attribute, int device) {
  if (card(device) == nullptr) {
    return INVALID;
  }
  *value = attribute == 75 ? card(device)->major : attribute == 76 ? card(device)->minor : 0;
  return 0;
}
}
