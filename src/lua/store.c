/* store.c: mf.store. */
#include "bind.h"

void mfl_open_store(lua_State *L) {
    (void)L;
}
