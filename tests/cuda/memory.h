// The memory of the stand-in cards, which is the machine's, and pinned memory, which is the machine's too.
#pragma once

#include <c10/core/CachingDeviceAllocator.h>

// The card that this thread works with.
extern thread_local c10::DeviceIndex current_card;

c10::DeviceAllocator &card_memory();
c10::Allocator &pinned_memory();
bool is_pinned(const void *data);
