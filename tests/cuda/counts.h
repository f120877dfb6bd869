// What happened on the stand-in cards: named numbers in a file that is mapped into memory (STAND_IN_REPORT), so that they are
// right at any moment and outlive the process however it ends. Records of 128 bytes: a name of 120 bytes, zeros behind it,
// and the number as the machine keeps 64 bits.
//
//   synchronisations   times the processor waited for a card
//   device synchronisations  of them, until a card had done all that it was asked to do
//   launches           operations that a card was given
//   copies to card, copies from card, bytes to card, bytes from card
//   pageable copies    copies to a card from memory that it can't read by itself, for which the processor waits (also counted above)
//   waited copies      copies to a card that the processor waits for, those included
//   allocations        blocks of a card's memory
//   emptied            times that the memory kept for later was given back
//   allocated N, peak N, reserved N   bytes of card N in tensors, at most, and held by the process
//   aten::NAME         how often an operation was launched
#pragma once

#include <cstdint>
#include <string>

// Adds to a count; gives the new number.
int64_t count(const std::string &name, int64_t more = 1);
void set_count(const std::string &name, int64_t value);
