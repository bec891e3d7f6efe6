/* distribution.h: laws of one example (x, y) as Lua values. */
#ifndef MFL_DISTRIBUTION_H
#define MFL_DISTRIBUTION_H

#include "core/model/distribution.h"
#include "lua/bind/bind.h"

#define MFL_DISTRIBUTION "mf.distribution"

/* Payload of a distribution object: (const mf_distribution *)mfl_check(L, i, MFL_DISTRIBUTION). */

/* Pops the option table, pushes a law: `size` bytes, zeroed, whose head is to be filled. */
mf_distribution *mfl_distribution_push(lua_State *L, size_t size);

/* The constructor in dataset.c, and its options. */
int mfl_distribution_dataset(lua_State *L);
extern const mfl_field mfl_dataset_fields[];

/* Samples first .. first+n-1 of any law, custom ones included (their Lua function is called;
 * a bad result is a Lua error naming it). X is n x d with row distance ldx; it must be owned
 * by a Lua value. */
void mfl_distribution_sample(lua_State *L, int law, mf_key key, uint64_t first, size_t n, double *X,
                             size_t ldx, double *y);

/* What a checkpoint of such a run cannot hold: whether the law at index `law` is the one that a file
 * describes, so that its Lua function may take that one's place.                              */
bool mfl_distribution_is(const mf_distribution *given, const mf_distribution *saved);

/* Multi-index laws: the target g at n points z, rows of k numbers; a bad result is a Lua error. And
 * the labels of samples first .. first+n-1, g(Ux) + noise.                                     */
void mfl_distribution_target(lua_State *L, int law, size_t n, const double *Z, double *g);
void mfl_distribution_labels(lua_State *L, int law, mf_key key, uint64_t first, size_t n,
                             double *y);

#endif
