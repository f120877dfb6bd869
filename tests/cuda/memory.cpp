#include "memory.h"
#include "counts.h"
#include "settings.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>
#include <mutex>

thread_local c10::DeviceIndex current_card = 0;

namespace {
using c10::CachingDeviceAllocator::DeviceStats;

// Stands before each block.
struct alignas(64) Header {
  int64_t bytes;
  c10::DeviceIndex card;
};

void *block(size_t bytes, c10::DeviceIndex card) {
  auto *header = static_cast<Header *>(std::aligned_alloc(64, sizeof(Header) + (bytes + 63) / 64 * 64));
  TORCH_CHECK(header != nullptr, "the stand-in card has no memory of the machine");
  *header = {int64_t(bytes), card};
  return header + 1;
}

// What allocation number `number` is to fail with, by STAND_IN_FAIL.
std::string injected(int64_t number) {
  static const std::string text = setting("STAND_IN_FAIL", "");
  const auto colon = text.find(':');
  if (colon == std::string::npos) {
    return "";
  }
  const int64_t first = std::atoll(text.c_str());
  const bool is_lasting = colon > 0 && text[colon - 1] == '+';
  return number == first || (is_lasting && number > first) ? text.substr(colon + 1) : "";
}

// As libtorch's: what was freed stays with the process until the cache is emptied, and does for any later block.
class CardMemory final : public c10::DeviceAllocator {
  struct Card {
    int64_t allocated = 0, peak = 0, reserved = 0;
  };
  std::mutex mutex;
  std::map<c10::DeviceIndex, Card> cards;

  static int64_t capacity(c10::DeviceIndex card) { return int64_t(card_settings().at(size_t(card)).bytes); }

  static void report(c10::DeviceIndex index, const Card &card) {
    const auto number = std::to_string(index);
    set_count("allocated " + number, card.allocated);
    set_count("peak " + number, card.peak);
    set_count("reserved " + number, card.reserved);
  }

  static void free_block(void *data) {
    if (data == nullptr) {
      return;
    }
    auto *header = static_cast<Header *>(data) - 1;
    auto &self = static_cast<CardMemory &>(card_memory());
    {
      const std::lock_guard lock(self.mutex);
      auto &card = self.cards[header->card];
      card.allocated -= header->bytes;
      report(header->card, card);
    }
    std::free(header);
  }

public:
  c10::DataPtr allocate(size_t bytes) override {
    const c10::Device device(c10::kCUDA, current_card);
    if (bytes == 0) {
      return {nullptr, nullptr, &free_block, device};
    }
    const std::string failure = injected(count("allocations"));
    const std::lock_guard lock(mutex);
    auto &card = cards[current_card];
    TORCH_CHECK_WITH(OutOfMemoryError, failure.find("out of memory") == std::string::npos, failure);
    TORCH_CHECK(failure.empty(), failure);
    TORCH_CHECK_WITH(OutOfMemoryError, card.allocated + int64_t(bytes) <= capacity(current_card),
                     "CUDA out of memory. Tried to allocate ", bytes, " bytes. GPU ", int(current_card),
                     " has a total capacity of ", capacity(current_card), " bytes.");
    void *data = block(bytes, current_card);
    card.allocated += int64_t(bytes);
    card.peak = std::max(card.peak, card.allocated);
    card.reserved = std::max(card.reserved, card.allocated);
    report(current_card, card);
    return {data, data, &free_block, device};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &free_block; }
  void copy_data(void *to, const void *from, size_t bytes) const override { std::memcpy(to, from, bytes); }
  bool initialized() override { return true; }
  void recordStream(const c10::DataPtr &, c10::Stream) override {}

  void emptyCache(c10::MempoolId_t) override {
    const std::lock_guard lock(mutex);
    count("emptied");
    for (auto &[index, card] : cards) {
      card.reserved = card.allocated;
      report(index, card);
    }
  }

  DeviceStats getDeviceStats(c10::DeviceIndex index) override {
    const std::lock_guard lock(mutex);
    const auto &card = cards[index];
    DeviceStats stats;
    stats.allocated_bytes[0].current = card.allocated;
    stats.allocated_bytes[0].peak = card.peak;
    stats.reserved_bytes[0].current = card.reserved;
    return stats;
  }

  void resetAccumulatedStats(c10::DeviceIndex) override {}

  void resetPeakStats(c10::DeviceIndex index) override {
    const std::lock_guard lock(mutex);
    cards[index].peak = cards[index].allocated;
  }

  std::pair<size_t, size_t> getMemoryInfo(c10::DeviceIndex index) override {
    const std::lock_guard lock(mutex);
    return {size_t(capacity(index) - cards[index].reserved), size_t(capacity(index))};
  }
};

class PinnedMemory final : public c10::Allocator {
  std::mutex mutex;
  // Where blocks begin and how long they are.
  std::map<const char *, size_t> blocks;

  static void free_block(void *data) {
    if (data == nullptr) {
      return;
    }
    auto &self = static_cast<PinnedMemory &>(pinned_memory());
    {
      const std::lock_guard lock(self.mutex);
      self.blocks.erase(static_cast<const char *>(data));
    }
    std::free(static_cast<Header *>(data) - 1);
  }

public:
  c10::DataPtr allocate(size_t bytes) override {
    void *data = block(bytes, 0);
    const std::lock_guard lock(mutex);
    blocks[static_cast<const char *>(data)] = bytes;
    return {data, data, &free_block, c10::Device(c10::kCPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &free_block; }
  void copy_data(void *to, const void *from, size_t bytes) const override { std::memcpy(to, from, bytes); }

  bool holds(const char *data) {
    const std::lock_guard lock(mutex);
    const auto after = blocks.upper_bound(data);
    if (after == blocks.begin()) {
      return false;
    }
    const auto [begin, bytes] = *std::prev(after);
    return data < begin + bytes;
  }
};
} // namespace

// Never taken apart: tensors of other threads may outlive everything.
c10::DeviceAllocator &card_memory() {
  static auto *const memory = new CardMemory;
  return *memory;
}

c10::Allocator &pinned_memory() {
  static auto *const memory = new PinnedMemory;
  return *memory;
}

bool is_pinned(const void *data) {
  return static_cast<PinnedMemory &>(pinned_memory()).holds(static_cast<const char *>(data));
}
