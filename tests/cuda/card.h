#pragma once

#include <ATen/core/Generator.h>

// What draws the random numbers of a card; for a negative index, of this thread's.
const at::Generator &card_generator(c10::DeviceIndex index);
