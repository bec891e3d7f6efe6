/* file.c: mf.file, the one way in which the Lua parts make folders and write files.
 * The world's faults are nil and a message that names the path and the reason.      */
#include "core/base/file.h"
#include "core/base/folder.h"
#include "lua/bind/bind.h"

#include <dirent.h>
#include <errno.h>
#include <unistd.h>

/* true, or nil and the message. */
static int answer(lua_State *L, mf_status status, const mf_error *err) {
    if (status >= 0) {
        lua_pushboolean(L, true);
        return 1;
    }
    lua_pushnil(L);
    lua_pushstring(L, err->text);
    return 2;
}

static int file_replace(lua_State *L) {
    mf_error err;
    size_t n;
    const char *path = mfl_path(L, 1), *text = luaL_checklstring(L, 2, &n);
    return answer(L, mf_file_replace(path, text, n, &err), &err);
}

static int file_folder(lua_State *L) {
    mf_error err;
    return answer(L, mf_folder_make(mfl_path(L, 1), &err), &err);
}

/* Pushes the names in an open folder, which is closed behind it whatever happens. */
static int push_names(lua_State *L) {
    DIR *folder = lua_touserdata(L, 1);
    lua_newtable(L);
    lua_Integer n = 0;
    for (const struct dirent *entry; (entry = readdir(folder));)
        if (entry->d_name[0] != '.') {
            lua_pushstring(L, entry->d_name);
            lua_rawseti(L, -2, ++n);
        }
    return 1;
}

static int file_list(lua_State *L) {
    const char *path = mfl_path(L, 1);
    lua_pushcfunction(L, push_names);
    DIR *folder = opendir(path);
    if (!folder) {
        mf_error err;
        return answer(L, mf_file_failed(&err, "list the folder", path, errno), &err);
    }
    lua_pushlightuserdata(L, folder);
    int status = lua_pcall(L, 1, 1, 0);
    closedir(folder);
    return status == LUA_OK ? 1 : lua_error(L);
}

/* ---- rows: a file that grows ------------------------------------------------------------ */

#define MFL_ROWS "mf.file.rows"

/* Zeroed it is closed: rows.fd counts only while `open`. */
typedef struct {
    bool open;
    mf_rows rows;
} grower;

static void rows_close(void *payload) {
    grower *g = payload;
    if (g->open)
        mf_rows_close(&g->rows);
    g->open = false;
}

static int rows_add(lua_State *L) {
    grower *g = mfl_check(L, 1, MFL_ROWS);
    size_t n;
    const char *text = luaL_checklstring(L, 2, &n);
    luaL_argcheck(L, g->open, 1, "the file is closed");
    lua_getiuservalue(L, 1, 2);
    mf_error err;
    return answer(L, mf_rows_add(&g->rows, lua_tostring(L, -1), text, n, &err), &err);
}

static int rows_end(lua_State *L) {
    rows_close(mfl_check(L, 1, MFL_ROWS));
    return 0;
}

static const mfl_fn rows_methods[] = {
        {"add", rows_add, "rows:add(text)",
         "Appends all of the text or nothing: true, or nil and the system's reason.", NULL},
        {"close", rows_end, "rows:close()", "Flushes to the disk and closes.", NULL},
        {NULL, NULL, NULL, NULL, NULL}};

static const mfl_class rows_class = {MFL_ROWS, "A file that grows by whole rows.", rows_methods,
                                     NULL, rows_close};

static int file_rows(lua_State *L) {
    const char *path = mfl_path(L, 1);
    lua_pushnil(L);
    grower *g = mfl_new(L, &rows_class, sizeof *g);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 2);
    mf_error err;
    mf_status status = mf_rows_open(&g->rows, path, &err);
    g->open = status >= 0;
    return g->open ? 1 : answer(L, status, &err);
}

/* ---- lock: one writer for a folder ------------------------------------------------------ */

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

#define MFL_LOCK "mf.file.lock"

static int lock_end(lua_State *L) {
    lock_close(mfl_check(L, 1, MFL_LOCK));
    return 0;
}

static const mfl_fn lock_methods[] = {
        {"close", lock_end, "lock:close()", "Lets go of the folder.", NULL},
        {NULL, NULL, NULL, NULL, NULL}};

static const mfl_class lock_class = {MFL_LOCK,
                                     "Holds a folder against other runs until it is closed.",
                                     lock_methods, NULL, lock_close};

static int file_hold(lua_State *L) {
    const char *path = mfl_path(L, 1);
    lua_pushnil(L);
    lock *l = mfl_new(L, &lock_class, sizeof *l);
    mf_error err;
    int fd = -1;
    mf_status status = mf_folder_hold(path, &fd, &err);
    l->fd_plus_one = fd + 1;
    return status >= 0 ? 1 : answer(L, status, &err);
}

static const char *const watcher = "meanfield watcher of files";

static int file_watch(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, watcher);
    return 0;
}

void mfl_tell_read(lua_State *L, const char *path) {
    if (lua_getfield(L, LUA_REGISTRYINDEX, watcher) == LUA_TFUNCTION) {
        lua_pushstring(L, path);
        lua_call(L, 1, 0);
    } else {
        lua_pop(L, 1);
    }
}

static const mfl_fn file_functions[] = {
        {"replace", file_replace, "mf.file.replace(path, text)",
         "Writes a file whole or not at all: true, or nil and a message.", NULL},
        {"folder", file_folder, "mf.file.folder(path)",
         "Makes a folder and those above it: true, or nil and a message.", NULL},
        {"list", file_list, "mf.file.list(path)",
         "The names in a folder but those that begin with a dot, in no order; nil and a message if "
         "there is none.",
         NULL},
        {"rows", file_rows, "mf.file.rows(path)",
         "Opens a file for appending whole rows; nil and a message if that fails.", NULL},
        {"hold", file_hold, "mf.file.hold(folder)",
         "Makes the folder if need be and holds it against other runs; nil and a message if that "
         "fails.",
         NULL},
        {"watch", file_watch, "mf.file.watch(fn)",
         "Calls fn(path) before mf.data.read and mf.store.read read a file.", NULL},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_file(lua_State *L) {
    mfl_class_register(L, &rows_class);
    mfl_class_register(L, &lock_class);
    lua_newtable(L);
    mfl_functions(L, "mf.file", file_functions);
    lua_setfield(L, -2, "file");
}
