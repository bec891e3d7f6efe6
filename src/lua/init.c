/* init.c: mf.init. */
#include "bind.h"

void mfl_open_init(lua_State *L) {
    (void)L;
}
