// What libtorch asks of its CUDA part: which cards there are, which one a thread uses, streams, generators.
#include "card.h"
#include "counts.h"
#include "memory.h"
#include "settings.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/Generator.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <deque>
#include <mutex>

namespace {
// As libtorch's CUDA part finds them: none where the driver fails or knows no CUDA 13.
c10::DeviceIndex cards() {
  return driver_init() != 0 || driver_version() < 13000 ? 0 : c10::DeviceIndex(card_settings().size());
}

// The stream is one queue per card and is always done.
struct Guard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return c10::kCUDA; }
  c10::Device exchangeDevice(c10::Device device) const override {
    const auto before = getDevice();
    uncheckedSetDevice(device);
    return before;
  }
  c10::Device getDevice() const override { return {c10::kCUDA, current_card}; }
  void setDevice(c10::Device device) const override {
    TORCH_CHECK(device.index() < cards(), "CUDA error: invalid device ordinal");
    uncheckedSetDevice(device);
  }
  void uncheckedSetDevice(c10::Device device) const noexcept override {
    current_card = device.has_index() ? device.index() : current_card;
  }
  c10::Stream getStream(c10::Device device) const override { return c10::Stream(c10::Stream::DEFAULT, device); }
  c10::Stream getDefaultStream(c10::Device device) const override { return getStream(device); }
  c10::Stream getStreamFromGlobalPool(c10::Device device, bool) const override { return getStream(device); }
  c10::Stream exchangeStream(c10::Stream stream) const override { return getStream(stream.device()); }
  void record(void **event, const c10::Stream &, const c10::DeviceIndex, const c10::EventFlag) const override {
    *event = const_cast<Guard *>(this);
  }
  void block(void *, const c10::Stream &) const override {}
  bool queryEvent(void *) const override { return true; }
  void destroyEvent(void *, const c10::DeviceIndex) const noexcept override {}
  c10::DeviceIndex deviceCount() const noexcept override { return cards(); }
  bool queryStream(const c10::Stream &) const override { return true; }
  void synchronizeStream(const c10::Stream &) const override { count("synchronisations"); }
  void synchronizeEvent(void *) const override { count("synchronisations"); }
  void synchronizeDevice(const c10::DeviceIndex) const override { count("synchronisations"); }
  void recordDataPtrOnStream(const c10::DataPtr &, const c10::Stream &) const override {}
};
C10_REGISTER_GUARD_IMPL(CUDA, Guard);

// Draws other numbers than the processor's of the same seed, as a real card's does.
struct CardGenerator final : at::CPUGeneratorImpl {
  void set_current_seed(uint64_t seed) override { CPUGeneratorImpl::set_current_seed(seed * 0x9E3779B97F4A7C15 + 1); }
};

class Hooks final : public at::CUDAHooksInterface {
public:
  explicit Hooks(at::CUDAHooksArgs) {}
  void init() const override { c10::SetAllocator(c10::kCUDA, &card_memory()); }
  bool hasCUDA() const override { return cards() > 0; }
  bool hasCUDART() const override { return true; }
  bool hasCuDNN() const override { return true; }
  // Of the choices between cuDNN and libtorch's own kernels, the latter, which the processor has, too.
  bool compiledWithCuDNN() const override { return false; }
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return cards() > 0; }
  c10::DeviceIndex getCurrentDevice() const override { return current_card; }
  void setCurrentDevice(c10::DeviceIndex index) const override { current_card = index; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  c10::DeviceIndex deviceCount() const override { return cards(); }
  int getNumGPUs() const override { return cards(); }
  c10::DeviceIndex current_device() const override { return current_card; }
  at::Allocator *getPinnedMemoryAllocator() const override { return &pinned_memory(); }
  at::Allocator *getCUDADeviceAllocator() const override { return &card_memory(); }
  bool isPinnedPtr(const void *data) const override { return is_pinned(data); }
  at::Device getDeviceFromPtr(void *) const override { return {at::kCUDA, current_card}; }
  const at::Generator &getDefaultGenerator(at::DeviceIndex index) const override { return card_generator(index); }
  void deviceSynchronize(c10::DeviceIndex) const override {
    count("synchronisations");
    count("device synchronisations");
  }
};
} // namespace

const at::Generator &card_generator(c10::DeviceIndex index) {
  static std::mutex mutex;
  static auto *const all = new std::deque<at::Generator>;
  const std::lock_guard lock(mutex);
  while (all->size() <= size_t(std::max<c10::DeviceIndex>(index, 0))) {
    all->push_back(at::make_generator<CardGenerator>());
  }
  return (*all)[size_t(index < 0 ? current_card : index)];
}

namespace at {
namespace {
using ::Hooks;
C10_REGISTER_TYPED_CLASS(CUDAHooksRegistry, "CUDAHooks", Hooks)
} // namespace
} // namespace at
