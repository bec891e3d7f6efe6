/* measure.h: measures as Lua values. */
#ifndef MFL_MEASURE_H
#define MFL_MEASURE_H

#include "core/measure/measure.h"
#include "lua/bind/bind.h"

#define MFL_MEASURE "mf.measure"

/* A new measure whose arrays (coordinates contiguous, ld = n) the caller fills through the
 * returned pointers; *weight is NULL unless weights are asked for (then: sum 1).           */
const mf_measure *mfl_measure_new(lua_State *L, const mf_space *space, size_t n, size_t dim,
                                  double **x, double **weight);

const mf_measure *mfl_measure_check(lua_State *L, int arg);
const mf_measure *mfl_measure_test(lua_State *L, int arg); /* NULL if it is none */

/* Makes a space known by its name, to mf.measure{space=} and to reductions of full weights. The
 * descriptor must outlive the state. The first of a name stays.                            */
void mfl_space_register(lua_State *L, const mf_space *);
const mf_space *mfl_space_find(lua_State *L, const char *name); /* NULL: there is none */

#endif
