/* process.c: what a process is told about itself: worker, rank, home; and checksums. */
#define _GNU_SOURCE /* dladdr */
#include "process.h"

#include "array.h"

#include "core/base/parallel.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void mfl_become_worker(void) {
    mfl_task_silence();
    mf_threads_set(1);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null >= 0)
        dup2(null, STDIN_FILENO);
}

static int process_become_worker(lua_State *L) {
    (void)L;
    mfl_become_worker();
    return 0;
}

/* Under Open MPI's mpirun; 0 otherwise. */
static int mpi_rank(void) {
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    return rank ? atoi(rank) : 0;
}

static int process_rank(lua_State *L) {
    lua_pushinteger(L, mpi_rank());
    return 1;
}

/* The file that holds this code, if it is a module; for the host dladdr gives argv[0], which need not
 * be a path.                                                                                      */
static const char *module_file(void) {
    Dl_info info;
    bool in_module = dladdr((const void *)(uintptr_t)module_file, &info) && info.dli_fname &&
                     strstr(info.dli_fname, ".so");
    return in_module ? info.dli_fname : NULL;
}

static const char *own_file(lua_State *L, char path[4096]) {
    const char *module = module_file();
    if (!realpath(module ? module : "/proc/self/exe", path))
        luaL_error(L, "mf.process.home: %s", strerror(errno));
    return path;
}

static int process_home(lua_State *L) {
    char path[4096];
    own_file(L, path);
    *strrchr(path, '/') = '\0';
    lua_pushstring(L, path);
    return 1;
}

static int process_binary(lua_State *L) {
    char path[4096];
    lua_pushstring(L, own_file(L, path));
    return 1;
}

/* FNV-1a, finished by a multiplicative mix: enough to find damage and tell versions apart. */
static uint64_t hash_bytes(uint64_t h, const void *data, size_t n) {
    const unsigned char *s = data;
    for (size_t i = 0; i < n; ++i)
        h = (h ^ s[i]) * 0x100000001b3u;
    return h;
}

/* Of the native code's own file. The host's is read through /proc, so that it is the one that runs even
 * if another has taken its place meanwhile.                                                         */
static int process_code(lua_State *L) {
    static char text[17];
    const char *module = module_file();
    FILE *file = text[0] ? NULL : fopen(module ? module : "/proc/self/exe", "rb");
    uint64_t h = 0xcbf29ce484222325u;
    char part[1 << 14];
    for (size_t n; file && (n = fread(part, 1, sizeof part, file)) > 0;)
        h = hash_bytes(h, part, n);
    if (file)
        fclose(file);
    if (!text[0])
        snprintf(text, sizeof text, "%016" PRIx64, h);
    lua_pushstring(L, text);
    return 1;
}

/* The numbers of an array, by rows, and its shape. */
static uint64_t hash_array(uint64_t h, const mfl_array *a) {
    const size_t shape[] = {a->rows, a->cols, (size_t)a->ndim};
    h = hash_bytes(h, shape, sizeof shape);
    for (size_t i = 0; i < a->rows; ++i)
        h = hash_bytes(h, a->data + i * a->stride, a->cols * sizeof *a->data);
    return h;
}

static int process_hash(lua_State *L) {
    uint64_t h = 0xcbf29ce484222325u;
    const mfl_array *array = mfl_array_test(L, 1);
    size_t n = 0;
    if (array)
        h = hash_array(h, array);
    else {
        const char *s = luaL_checklstring(L, 1, &n);
        h = hash_bytes(h, s, n);
    }
    h = (h ^ h >> 32) * 0xd6e8feb86659fd93u;
    char text[17];
    snprintf(text, sizeof text, "%016" PRIx64, h ^ h >> 32);
    lua_pushstring(L, text);
    return 1;
}

static int process_ended(lua_State *L) {
    if (mfl_host_has_handler)
        lua_pushboolean(L, mfl_ended_well);
    else
        lua_pushnil(L);
    return 1;
}

static const mfl_fn process_functions[] = {
        {"become_worker", process_become_worker, "mf.process.become_worker()",
         "Makes this process one that runs points: one thread, no progress bar, no input.", NULL},
        {"ended", process_ended, "mf.process.ended()",
         "In a finalizer: whether the program has come to its end without an error; nil in another "
         "program than ours, which does not say.",
         NULL},
        {"home", process_home, "mf.process.home()",
         "The folder of the file that holds the native code.", NULL},
        {"rank", process_rank, "mf.process.rank()",
         "Rank of this process under mpirun, 0 otherwise. Only rank 0 prints and writes files.",
         NULL},
        {"binary", process_binary, "mf.process.binary()", "The file that holds the native code.",
         NULL},
        {"code", process_code, "mf.process.code()", "Checksum of the native code.", NULL},
        {"hash", process_hash, "mf.process.hash(text)",
         "64-bit checksum of a string, or of an array's numbers, as 16 hexadecimal digits.", NULL},
        {NULL, NULL, NULL, NULL, NULL}};

/* Under mpirun only rank 0 speaks (lua/meanfield/run/ranks.lua). */
static void silence_other_ranks(void) {
    int null = mpi_rank() > 0 ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
    if (null >= 0)
        dup2(null, STDOUT_FILENO);
}

void mfl_open_process(lua_State *L) {
    silence_other_ranks();
    luaL_getsubtable(L, -1, "process");
    mfl_functions(L, "mf.process", process_functions);
}
