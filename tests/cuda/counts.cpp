#include "counts.h"
#include "settings.h"

#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <sys/mman.h>
#include <unistd.h>
#include <unordered_map>

namespace {
struct Record {
  char name[120];
  int64_t number;
};
constexpr size_t RECORDS = 1024;

Record *records() {
  static Record *const all = [] {
    const size_t bytes = RECORDS * sizeof(Record);
    const std::string path = setting("STAND_IN_REPORT", "");
    void *memory = MAP_FAILED;
    if (!path.empty()) {
      const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
      if (file >= 0 && ftruncate(file, bytes) == 0) {
        memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
      }
      if (file >= 0) {
        close(file);
      }
    } else {
      memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    }
    if (memory == MAP_FAILED) {
      std::abort();
    }
    return static_cast<Record *>(memory);
  }();
  return all;
}

std::mutex mutex;

// With the mutex held.
int64_t &number(const std::string &name) {
  static auto *const known = new std::unordered_map<std::string, Record *>;
  const auto found = known->find(name);
  if (found != known->end()) {
    return found->second->number;
  }
  for (Record *record = records(); record < records() + RECORDS; record++) {
    if (record->name[0] == 0) {
      std::strncpy(record->name, name.c_str(), sizeof record->name - 1);
    }
    if (name == record->name) {
      return known->emplace(name, record).first->second->number;
    }
  }
  std::abort();
}
} // namespace

int64_t count(const std::string &name, int64_t more) {
  const std::lock_guard lock(mutex);
  return number(name) += more;
}

void set_count(const std::string &name, int64_t value) {
  const std::lock_guard lock(mutex);
  number(name) = value;
}

// For tests within the same process.
extern "C" int64_t stand_in_count(const char *name) { return count(name, 0); }
