/* distribution.c: mf.distribution. */
#include "bind.h"

void mfl_open_distribution(lua_State *L) {
    (void)L;
}
