/* pde.c: mf.pde. */
#include "bind.h"

void mfl_open_pde(lua_State *L) {
    (void)L;
}
