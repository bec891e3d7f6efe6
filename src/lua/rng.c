/* rng.c: mf.rng. */
#include "bind.h"

void mfl_open_rng(lua_State *L) {
    (void)L;
}
