/* box.h: option `box`, a domain of theta as one pair {low, high} for each coordinate. */
#ifndef MFL_BOX_H
#define MFL_BOX_H

#include "core/potentials/potential.h"
#include "lua/bind/bind.h"

enum { MFL_BOX_DIM = 64 }; /* a global search in more coordinates has no hope anyway */

/* Reads field `box` of the option table on top of the stack into low and high; false if it is
 * absent. A radius may be unbounded above. Errors name `where`.                          */
bool mfl_box(lua_State *L, const char *where, const mf_potential *, double low[MFL_BOX_DIM],
             double high[MFL_BOX_DIM]);

#endif
