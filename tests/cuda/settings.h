// What a test asks of the stand-ins, from the environment:
//   STAND_IN_CARDS           the cards, "NAME/CAPABILITY/BYTES" with ";" between; one card of capability 8.0 and 4 GiB unless set, none
//                            for an empty text
//   CUDA_VISIBLE_DEVICES     which of them this process has, as the real driver reads it: numbers or beginnings of the names that
//                            card_uuid gives, up to the first that is none; none for an empty text
//   STAND_IN_CUINIT          what the driver's cuInit answers: a CUresult, 0 unless set
//   STAND_IN_DRIVER_VERSION  what cuDriverGetVersion answers, 13000 unless set
//   STAND_IN_FAIL            "N:MESSAGE": the N-th allocation on any card fails with that message; "N+:MESSAGE": each from the N-th on
//   STAND_IN_DRAWS           "processor": cards draw the random numbers that the processor would; else each seed means others there
//   STAND_IN_SLOW            "aten::NAME:MILLISECONDS": the first launch of that operation takes so long, as on a card that loads its kernel
//   STAND_IN_KILL            "aten::NAME:N": the process is killed (SIGKILL) at the N-th launch of that operation
//   STAND_IN_REPORT          a file that holds the counts at any moment, even after a kill: see counts.h
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

struct CardSetting {
  std::string name = "Stand-in card";
  int major = 8, minor = 0;
  uint64_t bytes = uint64_t(4) << 30;
};

inline std::string setting(const char *name, const char *otherwise) {
  const char *value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

// GPU-00000001-5a5a-5a5a-5a5a-5a5a5a5a5a5a for the second card.
inline std::string card_uuid(size_t index) {
  char text[48];
  std::snprintf(text, sizeof text, "GPU-%08zx-5a5a-5a5a-5a5a-5a5a5a5a5a5a", index);
  return text;
}

inline std::vector<CardSetting> visible(const std::vector<CardSetting> &all) {
  const char *names = std::getenv("CUDA_VISIBLE_DEVICES");
  if (names == nullptr) {
    return all;
  }
  std::vector<CardSetting> cards;
  std::istringstream list(names);
  for (std::string one; std::getline(list, one, ',');) {
    size_t index = 0;
    if (one.rfind("GPU-", 0) == 0) {
      while (index < all.size() && card_uuid(index).rfind(one, 0) != 0) {
        ++index;
      }
    } else {
      char *end = nullptr;
      const long number = std::strtol(one.c_str(), &end, 10);
      index = one.empty() || *end != 0 || number < 0 ? all.size() : size_t(number);
    }
    if (index >= all.size()) {
      break;
    }
    cards.push_back(all[index]);
  }
  return cards;
}

inline const std::vector<CardSetting> &card_settings() {
  static const auto all = [] {
    std::vector<CardSetting> cards;
    std::istringstream list(setting("STAND_IN_CARDS", "Stand-in card/8.0/4294967296"));
    for (std::string one; std::getline(list, one, ';');) {
      CardSetting card;
      std::istringstream fields(one);
      std::string capability, bytes;
      std::getline(fields, card.name, '/');
      if (std::getline(fields, capability, '/')) {
        card.major = std::atoi(capability.c_str());
        const auto point = capability.find('.');
        card.minor = point == std::string::npos ? 0 : std::atoi(capability.c_str() + point + 1);
      }
      if (std::getline(fields, bytes, '/')) {
        card.bytes = std::strtoull(bytes.c_str(), nullptr, 10);
      }
      cards.push_back(card);
    }
    return visible(cards);
  }();
  return all;
}

inline int driver_init() { return std::atoi(setting("STAND_IN_CUINIT", "0").c_str()); }

inline int driver_version() { return std::atoi(setting("STAND_IN_DRIVER_VERSION", "13000").c_str()); }
