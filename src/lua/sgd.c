/* sgd.c: mf.sgd. */
#include "bind.h"

void mfl_open_sgd(lua_State *L) {
    (void)L;
}
