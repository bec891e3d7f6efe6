/* optimum.c: mf.optimum. */
#include "bind.h"

void mfl_open_optimum(lua_State *L) {
    (void)L;
}
