/* activation.c: mf.activation. */
#include "bind.h"

void mfl_open_activation(lua_State *L) {
    (void)L;
}
