/* parts.h: what options.c, docs.c and classes.c share; bind.h is what the bindings see. */
#ifndef MFL_PARTS_H
#define MFL_PARTS_H

#include "bind.h"

/* The article of a type's name: "an mf.array", "a number". */
const char *mfl_article(const char *name);

/* Pushes how a value reads in an error message: 3, 'abc', nil, a table, an mf.sgd. */
const char *mfl_push_shown(lua_State *L, int index);

/* "a number in (0, 1)", "an integer in [1, inf)", ... into text. */
void mfl_describe_range(char *text, size_t size, const mfl_field *f);

/* The known name nearest to a mistyped one: start with { .to = mistyped }, consider each known
 * name; .name stays NULL if all are farther than two edits (one for the shortest).                                 */
typedef struct {
    const char *to, *name;
    size_t far;
} mfl_nearest;
void mfl_consider(mfl_nearest *nearest, const char *name);

/* For a table that mfl_options made: pushes { name = true } of all options, given or not. */
bool mfl_push_fields(lua_State *L, int index);

/* Pushes the default of a field as a Lua value. */
void mfl_push_fallback(lua_State *L, const mfl_field *f);

/* Pushes the registry's table of documentation records. */
void mfl_push_docs(lua_State *L);

/* t[key] = value for the table on top of the stack; no value leaves it alone. */
void mfl_set_string(lua_State *L, const char *key, const char *value);

/* Records fn's documentation under the function value (at `index`) and its full name. */
void mfl_document(lua_State *L, int index, const char *prefix, const mfl_fn *fn, char joint);

#endif
