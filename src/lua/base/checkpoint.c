/* checkpoint.c: files of named fields, read and written on behalf of Lua. */
#include "checkpoint.h"

#include "array.h"
#include "core/base/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int mfl_checkpoint_failure(lua_State *L, const char *path, const mf_error *err) {
    lua_pushnil(L);
    lua_pushfstring(L, "%s: %s", path, err->text);
    return 2;
}

void mfl_checkpoint_write(lua_State *L, const char *where, const char *path, const void *data,
                          size_t size) {
    mf_error err = {MF_OK, ""};
    if (mf_file_replace(path, data, size, &err) < 0)
        luaL_error(L, "%s: %s", where, err.text);
}

void *mfl_checkpoint_read(lua_State *L, const char *path, const char *what, size_t *size,
                          mf_error *err) {
    char head[MF_FIELDS_HEAD];
    struct stat about;
    FILE *file = NULL;
    bool there = stat(path, &about) == 0;
    if (!there || !S_ISREG(about.st_mode) || !(file = fopen(path, "rb"))) {
        mf_fail(err, MF_EIO, "%s",
                there && !S_ISREG(about.st_mode) ? "not a regular file" : strerror(errno));
        return NULL;
    }
    size_t n = fread(head, 1, sizeof head, file);
    fclose(file);
    *size = (size_t)about.st_size;
    if (mf_fields_look(head, n, *size, what, err) < 0)
        return NULL;
    void *room = mfl_array_vector(L, *size / sizeof(double) + 1)->data;
    file = fopen(path, "rb"); /* again: no open file while Lua may throw */
    if (!file || fread(room, 1, *size, file) != *size) {
        mf_fail(err, MF_EIO, "%s", file ? "cut short while it was read" : strerror(errno));
        room = NULL;
    }
    if (file)
        fclose(file);
    return room;
}
