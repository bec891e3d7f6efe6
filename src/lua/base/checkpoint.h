/* checkpoint.h: files of named fields (core/base/fields.h) on behalf of Lua. */
#ifndef MFL_CHECKPOINT_H
#define MFL_CHECKPOINT_H

#include "core/base/fields.h"
#include "lua/bind/bind.h"

/* Pushes the bytes of a file that holds `what`, 8-byte aligned, and returns them; NULL (with
 * nothing to be said of the stack) and err filled if it cannot be read, or is not worth reading,
 * which its first bytes say.                                                               */
void *mfl_checkpoint_read(lua_State *L, const char *path, const char *what, size_t *size,
                          mf_error *err);

/* Writes the file, whole or not at all; raises "where: path: reason". */
void mfl_checkpoint_write(lua_State *L, const char *where, const char *path, const void *data,
                          size_t size);

/* Pushes nil and "path: text": returns their number. */
int mfl_checkpoint_failure(lua_State *L, const char *path, const mf_error *err);

#endif
