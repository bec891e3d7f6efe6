/* parts.h: what options.c, docs.c and classes.c share; bind.h is what the bindings see. */
#ifndef MFL_PARTS_H
#define MFL_PARTS_H

#include "bind.h"

/* The article of a type's name: "an mf.array", "a number". */
const char *mfl_article(const char *name);

/* The shortest text that reads back as x: "800", "1e-06", "0.1", "inf"; size >= 32. */
void mfl_write_number(char *out, size_t size, double x);

/* Pushes what a field takes in words: "a number in (0, 1)", "'a', 'b' or 'c'" with the last
 * joint " or ", "'a' | 'b' | 'c'" with " | ".                                          */
const char *mfl_push_expected(lua_State *L, const mfl_field *f, const char *last_joint);

/* The known name nearest to a mistyped one: start with { .to = mistyped }, consider each known
 * name; .name stays NULL if all are `limit` or more edits away (0: 3, for short names 2).  */
typedef struct {
    const char *to, *name;
    size_t far, limit;
} mfl_nearest;
void mfl_consider(mfl_nearest *nearest, const char *name);

/* For a table that mfl_options made: pushes { name = whether it was given } of all options. */
bool mfl_push_fields(lua_State *L, int index);

/* Is the key at `key` an option of the table at `options` that its maker left to the default? */
bool mfl_is_default(lua_State *L, int options, int key);

/* Pushes the default of a field as a Lua value. */
void mfl_push_fallback(lua_State *L, const mfl_field *f);

/* Pushes { {name=, expected=, required=, default=, text=}, ... } for an option table. */
void mfl_push_records(lua_State *L, const mfl_field *fields);

/* Pushes the registry's table of documentation records. */
void mfl_push_docs(lua_State *L);

/* t[key] = value for the table on top of the stack; no value leaves it alone. */
void mfl_set_string(lua_State *L, const char *key, const char *value);

/* Records fn's documentation under the function value (at `index`) and its full name. */
void mfl_document(lua_State *L, int index, const char *prefix, const mfl_fn *fn, char joint);

/* In a stock lua5.4, lets Ctrl-C set the flag until it is released; false: it does already. */
bool mfl_catch_interrupts(void);
void mfl_release_interrupts(bool caught);

/* Raises what a function raised that the core asked (ask.c), if that is still known. */
void mfl_raise_again(lua_State *L);

#endif
