/* potential.c: mf.potential. */
#include "bind.h"

void mfl_open_potential(lua_State *L) {
    (void)L;
}
