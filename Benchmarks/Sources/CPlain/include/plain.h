#pragma once

#include <stddef.h>

/// Puts `count` values of `value_size` bytes into a new LMDB file at `path` under ascending 8-byte keys, `batch` a transaction, each
/// transaction synced to the disk as LMDB does by default. What any design on LMDB must do at least.
///
/// Returns the nanoseconds that took, the opening of the file not included, or a negative LMDB error.
double zoetrope_plain_ingest(const char *path, const void *value, size_t value_size, int count, int batch, size_t map_size);

/// Copies `count` values of `value_size` bytes that lie one behind the other at `values`, and checks each copy with XXH3.
///
/// Returns the nanoseconds that took; `sum` keeps the compiler from leaving it out.
double zoetrope_plain_read(const void *values, size_t value_size, int count, unsigned long *sum);

/// Drops the file at `path` from the page cache; returns how many of its pages are in memory after that, negative on failure.
long zoetrope_drop_from_cache(const char *path);
