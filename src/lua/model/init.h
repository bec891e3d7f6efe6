/* init.h: laws of the initial weights as Lua values. */
#ifndef MFL_INIT_H
#define MFL_INIT_H

#include "core/model/init.h"
#include "lua/bind/bind.h"

#define MFL_INIT "mf.init"

/* Payload: (const mf_init *)mfl_check(L, i, MFL_INIT). */

/* Neuron i of any law in dimension d, custom ones included: w (d numbers), a, b. */
void mfl_init_neuron(lua_State *L, int init, mf_key key, uint64_t i, size_t d, double *w, double *a,
                     double *b);

/* For neurons sigma(<w,x>), which have no a and b: raises if the law gives others than 1 and 0. */
void mfl_init_check_plain(lua_State *L, const char *where, const mf_init *);

#endif
