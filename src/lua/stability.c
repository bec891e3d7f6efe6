/* stability.c: mf.stability. */
#include "bind.h"

void mfl_open_stability(lua_State *L) {
    (void)L;
}
