/* loss.h: losses as Lua values. The payload starts with an mf_loss. */
#ifndef MFL_LOSS_H
#define MFL_LOSS_H

#include "core/model/loss.h"
#include "lua/bind/bind.h"

/* mf_loss *loss = mfl_check(L, arg, MFL_LOSS): valid while the object lives. */
#define MFL_LOSS "mf.loss"

/* Pushes a loss with a copy of its table, so that it depends on nothing. */
void mfl_loss_push(lua_State *L, const mf_loss *loss);

/* The field of an option that holds a loss. */
#define MFL_LOSS_FIELD(options, member, more)                                                      \
    {                                                                                              \
        .name = "loss", .type = MFL_OBJECT, .offset = offsetof(options, member),                   \
        .flags = MFL_OPTIONAL, .aux = MFL_LOSS,                                                    \
        .text = "loss l(y, yhat), an mf.loss; default: the square" more                            \
    }

/* The loss of an option that may have been left out. */
static inline mf_loss mfl_loss_option(const mf_loss *given) {
    return given ? *given : (mf_loss){.kind = MF_LOSS_SQUARE};
}

#endif
