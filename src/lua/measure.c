/* measure.c: mf.measure. */
#include "bind.h"

void mfl_open_measure(lua_State *L) {
    (void)L;
}
