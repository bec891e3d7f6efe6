/* proof.h: what the files of mf.prove share. */
#ifndef MFL_PROOF_H
#define MFL_PROOF_H

#include "core/proof/proof.h"
#include "lua/bind/bind.h"

/* A core object that Lua owns: made empty, then filled. */
typedef struct {
    void *object;
    void (*free)(void *);
} mfl_owned;

/* Pushes one that is freed at the end of the function, whatever happens. */
mfl_owned *mfl_owned_push(lua_State *L, void (*free)(void *));

/* The exact text of option `name` (a number or a string) of the option table at `table`. */
void mfl_exact_option(lua_State *L, const char *where, int table, const char *name, mf_exact *out);

/* Option `delta`: a number, or {0, x} for every number in (0, x]. */
void mfl_exact_delta(lua_State *L, const char *where, int table, mf_proof_spec *out);

/* Option `activation` of the option table at `table`: a piecewise linear one with flat tails, or
 * a list of {t, s}.                                                                       */
void mfl_exact_activation(lua_State *L, const char *where, int table, mf_proof_spec *out);

#define MFL_PROOF_ACTIVATION                                                                       \
    {                                                                                              \
        .name = "activation", .type = MFL_ANY, .flags = MFL_REQUIRED,                              \
        .aux = "an mf.activation.piecewise or a list of {t, sigma(t)}, numbers or strings like "   \
               "'1/3'",                                                                            \
        .text = "piecewise linear, flat beyond its knots; doubles are taken exactly"               \
    }

#define MFL_PROOF_D(owner)                                                                         \
    {                                                                                              \
        .name = "d", .type = MFL_DIM, .offset = offsetof(owner, d),                                \
        .flags = MFL_REQUIRED | MFL_INF, .low = 4, .high = HUGE_VAL,                               \
        .text = "dimension, or math.huge"                                                          \
    }

#define MFL_PROOF_BITS(owner)                                                                      \
    {                                                                                              \
        .name = "bits", .type = MFL_COUNT, .offset = offsetof(owner, bits), .low = 16,             \
        .high = 4096, .fallback = 256,                                                             \
        .text = "accuracy at which to give up: the series is cut where less than 2^-bits is left"  \
    }

/* mf.prove.interval and .optimum */
int mfl_prove_interval(lua_State *L);
extern const mfl_field mfl_prove_interval_fields[];
int mfl_prove_optimum(lua_State *L);
extern const mfl_field mfl_prove_optimum_fields[];

#endif
