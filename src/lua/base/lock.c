/* lock.c: mf.process.lock: one writer for a folder of results. */
#include "lua/bind/bind.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* fd + 1, so that a zeroed payload is a closed one. */
typedef struct {
    int fd_plus_one;
} lock;

static void lock_close(void *payload) {
    lock *l = payload;
    if (l->fd_plus_one)
        close(l->fd_plus_one - 1);
    l->fd_plus_one = 0;
}

static const mfl_class lock_class = {"mf.process.lock",
                                     "Holds a folder against other runs until it is closed.", NULL,
                                     NULL, lock_close};

/* Makes the folder and those above it. False, with errno, if that fails. */
static bool make_folders(char *path) {
    for (char *slash = path + 1; (slash = strchr(slash, '/')); ++slash) {
        *slash = '\0';
        bool ok = mkdir(path, 0777) == 0 || errno == EEXIST;
        *slash = '/';
        if (!ok)
            return false;
    }
    return mkdir(path, 0777) == 0 || errno == EEXIST;
}

/* nil, message: the folder cannot be made or another run holds it. A file system that
 * knows no locks on folders is no error: then only one run at a time is the user's care. */
static int process_lock(lua_State *L) {
    char path[4096];
    size_t n;
    const char *given = luaL_checklstring(L, 1, &n);
    luaL_argcheck(L, n > 0 && n < sizeof path, 1, "expected a path");
    memcpy(path, given, n + 1);
    lua_pushnil(L);
    lock *l = mfl_new(L, &lock_class, sizeof *l);
    if (make_folders(path))
        l->fd_plus_one = 1 + open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const char *message = NULL;
    if (!l->fd_plus_one)
        message = strerror(errno);
    else if (flock(l->fd_plus_one - 1, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
        message = "in use by another run";
    if (!message)
        return 1;
    lua_pushnil(L);
    lua_pushfstring(L, "%s: %s", given, message);
    return 2;
}

static const mfl_fn lock_functions[] = {
        {"lock", process_lock, "mf.process.lock(folder)",
         "Makes the folder if need be and holds it against other runs; nil and a message if that "
         "fails.",
         NULL},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_lock(lua_State *L) {
    mfl_class_register(L, &lock_class);
    luaL_getsubtable(L, -1, "process");
    mfl_functions(L, "mf.process", lock_functions);
}
