/* transport.c: mf.transport. */
#include "bind.h"

void mfl_open_transport(lua_State *L) {
    (void)L;
}
