// A shared disk on a bad day, to be preloaded: files of features vanish between the moment when a folder was read and the one when
// they are opened, are cut short, or can't be read on because another machine removed them.
//
//   FAULTS_PERCENT   how many of 100 such calls fail
//   FAULTS_SEED      which ones
//   FAULTS_NO_LOCKS  set: the folder of features has no locks
//   FAULTS_REPORT    a file to which a line is added for each fault
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/types.h>
#include <unistd.h>

static unsigned long number(const char *name) {
  const char *value = getenv(name);
  return value == NULL ? 0 : strtoul(value, NULL, 10);
}

static unsigned long draw(void) {
  static atomic_ulong calls;
  unsigned long x = number("FAULTS_SEED") * 0x9E3779B97F4A7C15ul + (atomic_fetch_add(&calls, 1) + 1) * 0xBF58476D1CE4E5B9ul;
  x ^= x >> 31;
  x *= 0x94D049BB133111EBul;
  return x ^ (x >> 29);
}

static int is_features(const char *path) {
  const size_t length = strlen(path), end = strlen(".features");
  return length > end && strcmp(path + length - end, ".features") == 0;
}

static const char *path_of(int fd) {
  static _Thread_local char path[4096];
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  path[length > 0 ? length : 0] = 0;
  return path;
}

static int is_open_features(int fd) { return is_features(path_of(fd)); }

static int real_open(const char *path, int flags, mode_t mode) {
  static int (*next)(const char *, int, ...);
  if (next == NULL) {
    next = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64");
  }
  return next(path, flags, mode);
}

// Whether this call fails.
static int fails(const char *what) {
  if (draw() % 100 >= number("FAULTS_PERCENT")) {
    return 0;
  }
  const char *report = getenv("FAULTS_REPORT");
  if (report != NULL) {
    const int fd = real_open(report, O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (fd >= 0) {
      dprintf(fd, "%s\n", what);
      close(fd);
    }
  }
  return 1;
}

static int reason(void) {
  static const int reasons[] = {ESTALE, EIO, ENOENT};
  return reasons[draw() % 3];
}

int open64(const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0;
  va_end(list);
  if ((flags & O_ACCMODE) == O_RDONLY && is_features(path) && fails("open")) {
    errno = reason();
    return -1;
  }
  return real_open(path, flags, mode);
}

ssize_t read(int fd, void *buffer, size_t count) {
  static ssize_t (*next)(int, void *, size_t);
  if (next == NULL) {
    next = (ssize_t(*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
  }
  if (is_open_features(fd) && fails("read")) {
    errno = EIO;
    return -1;
  }
  return next(fd, buffer, count);
}

ssize_t pread64(int fd, void *buffer, size_t count, off64_t at) {
  static ssize_t (*next)(int, void *, size_t, off64_t);
  if (next == NULL) {
    next = (ssize_t(*)(int, void *, size_t, off64_t))dlsym(RTLD_NEXT, "pread64");
  }
  if (is_open_features(fd) && fails("pread")) {
    // Cut short, changed on its way, or gone.
    switch (draw() % 3) {
    case 0:
      return 0;
    case 1: {
      const ssize_t done = next(fd, buffer, count, at);
      if (done > 0) {
        ((char *)buffer)[done / 2] ^= 1;
      }
      return done;
    }
    default:
      errno = ESTALE;
      return -1;
    }
  }
  return next(fd, buffer, count, at);
}

int flock(int fd, int operation) {
  static int (*next)(int, int);
  if (next == NULL) {
    next = (int (*)(int, int))dlsym(RTLD_NEXT, "flock");
  }
  const char *path = path_of(fd);
  const int is_cache = strstr(path, "/frozen/") != NULL || strstr(path, "/contents/") != NULL;
  if (is_cache && getenv("FAULTS_NO_LOCKS") != NULL) {
    errno = ENOLCK;
    return -1;
  }
  return next(fd, operation);
}
