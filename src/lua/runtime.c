/* runtime.c: mf.runtime. */
#include "bind.h"

void mfl_open_runtime(lua_State *L) {
    (void)L;
}
