/* table.h: tables of text as Lua values. */
#ifndef MFL_TABLE_H
#define MFL_TABLE_H

#include <lua.h>
#include <stdbool.h>

/* Does the file's name end as those of tables do (.tsv, .csv)? */
bool mfl_table_is_named(const char *path);

/* Pushes { column's name or number = array or list } and the list of texts that say where
 * values are missing, or nil and a message that begins with `who`; returns 2.            */
int mfl_table_read(lua_State *L, const char *who, const char *path);

#endif
