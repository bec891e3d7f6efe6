/* number.h: laws of one number as Lua values. */
#ifndef MFL_NUMBER_LAW_H
#define MFL_NUMBER_LAW_H

#include "core/model/number.h"
#include "lua/bind/bind.h"

#define MFL_NUMBER_LAW "mf.number"

/* The option of that name in the filled table at `options`, where a number that is missing is put:
 * a number or such a law.                                                                     */
mf_number_law mfl_number_option(lua_State *L, const char *where, int options, const char *name,
                                double fallback);

#endif
