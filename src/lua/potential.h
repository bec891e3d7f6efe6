/* potential.h: potentials as Lua values. */
#ifndef MFL_POTENTIAL_H
#define MFL_POTENTIAL_H

#include "bind.h"
#include "core/potential.h"

#define MFL_POTENTIAL "mf.potential"

/* The potential at stack index arg, or an argument error. The payload of the userdata is one
 * pointer, NULL once closed. */
static inline const mf_potential *mfl_potential_check(lua_State *L, int arg) {
    mf_potential *const *box = mfl_check(L, arg, MFL_POTENTIAL);
    luaL_argcheck(L, *box != NULL, arg, "the potential is closed");
    return *box;
}

#endif
