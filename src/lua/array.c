/* array.c: mf.array. */
#include "bind.h"

void mfl_open_array(lua_State *L) {
    (void)L;
}
