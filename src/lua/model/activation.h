/* activation.h: activations as Lua values. The payload starts with an mf_activation. */
#ifndef MFL_ACTIVATION_H
#define MFL_ACTIVATION_H

#include "core/model/activation.h"
#include "lua/bind/bind.h"

/* mf_activation *sigma = mfl_check(L, arg, MFL_ACTIVATION): valid while the object lives. */
#define MFL_ACTIVATION "mf.activation"

#endif
