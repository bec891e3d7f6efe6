/* rates.h: the option `rates`, shared by SGD and the distributional dynamics. */
#ifndef MFL_RATES_H
#define MFL_RATES_H

#include "core/measure/space.h"
#include "lua/bind/bind.h"

#define MFL_RATES_FIELD(more)                                                                      \
    {                                                                                              \
        .name = "rates", .type = MFL_TABLE, .flags = MFL_OPTIONAL, .aux = "a table {a=, b=, w=}",  \
        .text = "learning rates of the output weights a, the offsets b and the weights w, each 1 " \
                "if left out: factors of the step in gradient" more                                \
    }

/* Reads the option from the filled table at `index` and puts the full table in its place; all rates are 1
 * where it was not given.                                                                     */
void mfl_rates_option(lua_State *L, const char *where, int index, double rate[MF_GROUPS]);

/* Raises unless every coordinate that the rates change has a rate, and every rate a coordinate. */
void mfl_rates_check(lua_State *L, const char *where, const mf_space *space, size_t dim,
                     const double rate[MF_GROUPS]);

/* Pushes the table again. */
void mfl_rates_push(lua_State *L, const double rate[MF_GROUPS]);

#endif
