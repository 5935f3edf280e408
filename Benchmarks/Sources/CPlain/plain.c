#define _GNU_SOURCE
#include "plain.h"

#include <fcntl.h>
#include <lmdb.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int put(MDB_env *env, MDB_dbi table, const void *value, size_t value_size, int first, int count) {
    MDB_txn *txn;
    int code = mdb_txn_begin(env, NULL, 0, &txn);
    if (code) return code;
    for (int index = first; index < first + count; index++) {
        uint64_t big = __builtin_bswap64((uint64_t)index);
        MDB_val key = {sizeof big, &big}, data = {value_size, NULL};
        code = mdb_put(txn, table, &key, &data, MDB_APPEND | MDB_RESERVE);
        if (code) {
            mdb_txn_abort(txn);
            return code;
        }
        memcpy(data.mv_data, value, value_size);
    }
    return mdb_txn_commit(txn);
}

double zoetrope_plain_ingest(const char *path, const void *value, size_t value_size, int count, int batch, size_t map_size) {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi table;
    int code = mdb_env_create(&env);
    if (code) return code;
    if (!(code = mdb_env_set_mapsize(env, map_size)) && !(code = mdb_env_set_maxdbs(env, 4))) {
        code = mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOTLS, 0644);
    }
    if (!code) code = mdb_txn_begin(env, NULL, 0, &txn);
    if (!code) code = mdb_dbi_open(txn, "log", MDB_CREATE, &table);
    if (!code) code = mdb_txn_commit(txn);
    double start = now();
    for (int first = 0; !code && first < count; first += batch) {
        code = put(env, table, value, value_size, first, first + batch > count ? count - first : batch);
    }
    double took = now() - start;
    mdb_env_close(env);
    return code ? (code < 0 ? code : -code) : took;
}

double zoetrope_plain_read(const void *values, size_t value_size, int count, unsigned long *sum) {
    double start = now();
    for (int index = 0; index < count; index++) {
        // A message of its own for each, as whoever sends them on needs one.
        char *copy = malloc(value_size);
        memcpy(copy, (const char *)values + (size_t)index * value_size, value_size);
        *sum += XXH3_64bits(copy, value_size);
        free(copy);
    }
    return now() - start;
}

long zoetrope_drop_from_cache(const char *path) {
    int file = open(path, O_RDONLY);
    if (file < 0) return -1;
    struct stat facts;
    long resident = -1;
    if (!fstat(file, &facts) && !fsync(file) && !posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) && facts.st_size > 0) {
        size_t pages = ((size_t)facts.st_size + 4095) / 4096;
        unsigned char *in = malloc(pages);
        void *map = mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_SHARED, file, 0);
        if (map != MAP_FAILED) {
            if (!mincore(map, (size_t)facts.st_size, in)) {
                resident = 0;
                for (size_t page = 0; page < pages; page++) resident += in[page] & 1;
            }
            munmap(map, (size_t)facts.st_size);
        }
        free(in);
    }
    close(file);
    return resident;
}
