/* box.h: domains of theta: option `box`, one pair {low, high} for each coordinate, and the dimensions
 * behind its radii.                                                                         */
#ifndef MFL_BOX_H
#define MFL_BOX_H

#include "core/potentials/potential.h"
#include "lua/bind/bind.h"

enum { MFL_BOX_DIM = 64 }; /* a global search in more coordinates has no hope anyway */

/* Reads field `box` of the option table on top of the stack into low and high; false if it is
 * absent. A radius may be unbounded above. Errors name `where`.                          */
bool mfl_box(lua_State *L, const char *where, const mf_potential *, double low[MFL_BOX_DIM],
             double high[MFL_BOX_DIM]);

/* The dimension p of the space behind each radius, 0 for other coordinates: the potential's own, or
 * for one at d = inf what the options d and s0 say (0: not given). Errors name `where`.    */
void mfl_dimensions(lua_State *L, const char *where, const mf_potential *, double d, double s0,
                    double *dimension);

#endif
