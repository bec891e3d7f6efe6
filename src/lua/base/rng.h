/* rng.h: a source of random numbers for one draw, as a Lua value. */
#ifndef MFL_RNG_H
#define MFL_RNG_H

#include "core/base/rng.h"
#include "lua/bind/bind.h"

#define MFL_RNG "mf.rng"

/* Pushes a source whose numbers are a function of (key, draw) and of the calls made. */
void mfl_rng_push(lua_State *L, mf_key key, uint64_t draw);

#endif
